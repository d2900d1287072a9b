// SPDX-License-Identifier: Apache-2.0
// Registration and signals.
#include "daemon/faces/face.hpp"

#include "common/bus/error.hpp"

#include <utility>
#include <vector>

namespace aliasvm::daemon
{

Face::Face(Bus bus, std::string path, const char* interface)
    : bus_{std::move(bus)}, path_{std::move(path)}, interface_{interface}
{
}

Face::~Face()
{
    hide();
}

void Face::show(const sd_bus_vtable* vtable, void* object)
{
    sd_bus* const connection = bus_.connection->raw();
    sd_bus_slot* slot = nullptr;
    bus::require(
        sd_bus_add_object_vtable(connection, &slot, path_.c_str(), interface_, vtable, object),
        "put an object on the bus");
    slot_ = bus::Slot{slot};
    shown_ = true;
    // Before the name is taken nobody listens, and that is all that can fail here.
    sd_bus_emit_object_added(connection, path_.c_str());
    rearm();
}

void Face::hide()
{
    if (!std::exchange(shown_, false))
        return;
    sd_bus_emit_object_removed(bus_.connection->raw(), path_.c_str());
    slot_ = bus::Slot{};
    rearm();
}

void Face::emit_changed(std::initializer_list<const char*> properties)
{
    if (!shown_)
        return;
    std::vector<char*> names;
    for (const char* const name : properties)
        names.push_back(const_cast<char*>(name)); // sd-bus only reads them
    names.push_back(nullptr);
    sd_bus_emit_properties_changed_strv(bus_.connection->raw(), path_.c_str(), interface_,
                                        names.data());
    rearm();
}

} // namespace aliasvm::daemon
