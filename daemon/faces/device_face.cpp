// SPDX-License-Identifier: Apache-2.0
// One device's methods and properties.
#include "daemon/faces/device_face.hpp"

#include "common/bus/method.hpp"
#include "common/bus/names.hpp"
#include "daemon/faces/device_state.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
using bus::Message;
using bus::NamedError;

namespace
{

bool read_flag(Message& call)
{
    if (call.peek_variant() != "b")
        throw bus::BadMessage{"an option that is yes or no is no boolean"};
    int value = 0;
    call.read("v", "b", &value);
    return value != 0;
}

/// Options that are not known are refused: what they ask for would not be done.
MoveOptions read_options(Message& call, bool may_force)
{
    MoveOptions options;
    for (bool any = call.enter('a', "{sv}"); any && call.enter('e', "sv"); call.exit())
    {
        const std::string name = call.read_string();
        if (name == "persistent")
            options.persistent = read_flag(call);
        else if (name == "force" && may_force)
            options.force = read_flag(call) ? Force::yes : Force::no;
        else
            throw NamedError{bus::error_name::invalid_args, "unknown option \"{}\": there is {}",
                             name, may_force ? "persistent, force" : "persistent"};
    }
    call.exit();
    return options;
}

} // namespace

DeviceFace::DeviceFace(Face::Bus bus, const Uses& uses, const plan::Instance& instance)
    : Face{std::move(bus), bus::device_path(instance.name), bus::device_interface}, uses_{uses},
      instance_{instance}
{
    show(vtable, this);
}

void DeviceFace::emit_place()
{
    emit_changed({"Owner", "Alias", "State", "Driver", "IommuGroup"});
}

asio::awaitable<void> DeviceFace::assign(Message call)
{
    co_await allow(call, action::assign_devices);
    const std::string machine = call.read_string();
    const std::string alias = call.read_string();
    const MoveOptions options = read_options(call, true);
    co_await uses_.moves.assign(instance_, machine, alias, options);
    call.new_reply().send();
}

asio::awaitable<void> DeviceFace::release(Message call)
{
    co_await allow(call, action::assign_devices);
    co_await uses_.moves.release(instance_, read_options(call, false));
    call.new_reply().send();
}

asio::awaitable<void> DeviceFace::quiesce(Message call)
{
    co_await allow(call, action::assign_devices);
    co_await uses_.reconciler.quiesce(instance_);
    call.new_reply().send();
}

void DeviceFace::name(Message& value) const
{
    value.append("s", instance_.name.c_str());
}

void DeviceFace::sysname(Message& value) const
{
    value.append("s", instance_.sysname.c_str());
}

void DeviceFace::compatible(Message& value) const
{
    value.open('a', "s");
    for (const std::string& compatible : instance_.compatible)
        value.append("s", compatible.c_str());
    value.close();
}

void DeviceFace::driver(Message& value) const
{
    value.append("s", uses_.host_devices.look(instance_).driver.c_str());
}

void DeviceFace::iommu_group(Message& value) const
{
    value.append("s", uses_.host_devices.look(instance_).group.c_str());
}

void DeviceFace::host_regions(Message& value) const
{
    value.open('a', "(tt)");
    for (const HostRange& window : instance_.windows)
        value.append("(tt)", window.base.value, window.size);
    value.close();
}

void DeviceFace::host_spis(Message& value) const
{
    value.open('a', "u");
    for (const plan::InstanceLine& line : instance_.lines)
        value.append("u", line.spi.dt_cell());
    value.close();
}

void DeviceFace::owner(Message& value) const
{
    const WithMachine* const owner = uses_.ownership.owner(instance_);
    value.append("s", owner == nullptr ? "" : owner->machine.c_str());
}

void DeviceFace::alias(Message& value) const
{
    const WithMachine* const owner = uses_.ownership.owner(instance_);
    value.append("s", owner == nullptr ? "" : owner->alias.c_str());
}

void DeviceFace::state(Message& value) const
{
    value.append("s", device_state(uses_.ownership, uses_.host_devices, instance_));
}

void DeviceFace::irq_count(Message& value) const
{
    std::uint64_t count = 0;
    for (const plan::InstanceLine& line : instance_.lines)
        count += uses_.irq_counter.count(line.spi);
    value.append("t", count);
}

const sd_bus_vtable DeviceFace::vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("Assign", SD_BUS_ARGS("s", machine, "s", alias, "a{sv}", options),
                            SD_BUS_NO_RESULT, bus::slow_method<&DeviceFace::assign>,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Release", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                            bus::slow_method<&DeviceFace::release>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Quiesce", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::slow_method<&DeviceFace::quiesce>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("Name", "s", bus::property<&DeviceFace::name>, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("SysName", "s", bus::property<&DeviceFace::sysname>, 0,
                    SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Compatible", "as", bus::property<&DeviceFace::compatible>, 0,
                    SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Driver", "s", bus::property<&DeviceFace::driver>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("IommuGroup", "s", bus::property<&DeviceFace::iommu_group>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("HostRegions", "a(tt)", bus::property<&DeviceFace::host_regions>, 0,
                    SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("HostSpis", "au", bus::property<&DeviceFace::host_spis>, 0,
                    SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Owner", "s", bus::property<&DeviceFace::owner>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Alias", "s", bus::property<&DeviceFace::alias>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("State", "s", bus::property<&DeviceFace::state>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("IrqCount", "t", bus::property<&DeviceFace::irq_count>, 0, 0),
    SD_BUS_VTABLE_END,
};

} // namespace aliasvm::daemon
