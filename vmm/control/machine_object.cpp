// SPDX-License-Identifier: Apache-2.0
// Methods: parse, do, reply.
#include "vmm/control/machine_object.hpp"

#include "common/bus/method.hpp"
#include "common/bus/names.hpp"
#include "common/bus/pause_options.hpp"
#include "common/plan/print.hpp"

#include <cstdint>
#include <utility>

#include <spdlog/spdlog.h>

namespace aliasvm::control
{

namespace error_name = bus::error_name;
using bus::Message;
using bus::method;
using bus::NamedError;

namespace
{

bus::Slot add_object(sd_bus* bus, const std::string& path, const char* interface,
                     const sd_bus_vtable* vtable, void* object)
{
    sd_bus_slot* slot = nullptr;
    bus::require(sd_bus_add_object_vtable(bus, &slot, path.c_str(), interface, vtable, object),
                 "offer the machine to aliasvmd");
    return bus::Slot{slot};
}

void reply_pause(const Message& call, std::chrono::microseconds pause)
{
    call.new_reply().append("t", static_cast<std::uint64_t>(pause.count())).send();
}

std::vector<UniqueFd> read_descriptors(Message& call)
{
    std::vector<UniqueFd> descriptors;
    if (!call.enter('a', "h"))
        throw bus::BadMessage{"the message has no descriptors where some are due"};
    while (sd_bus_message_at_end(call.get(), 0) == 0)
        descriptors.push_back(call.read_fd());
    call.exit();
    return descriptors;
}

} // namespace

const sd_bus_vtable MachineObject::machine_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("Pause", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            method<&MachineObject::pause>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("PauseWithOptions", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                            method<&MachineObject::pause_with_options>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Resume", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            method<&MachineObject::resume>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Reset", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            method<&MachineObject::reset>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("PowerOff", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            method<&MachineObject::power_off>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("OpenConsole", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", console),
                            method<&MachineObject::open_console>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("DumpDeviceTree", SD_BUS_NO_ARGS, SD_BUS_RESULT("ay", dtb),
                            method<&MachineObject::dump_device_tree>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

const sd_bus_vtable MachineObject::aliases_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("Detach", SD_BUS_ARGS("s", alias), SD_BUS_RESULT("t", pause_usec),
                            method<&MachineObject::detach>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS(
        "Attach", SD_BUS_ARGS("s", alias, "s", instance, "b", as_left, "ah", descriptors),
        SD_BUS_RESULT("t", pause_usec), method<&MachineObject::attach>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

MachineObject::MachineObject(MachineParts parts, Bindings bindings,
                             std::vector<std::byte> device_tree)
    : parts_{parts}, bindings_{std::move(bindings)}, device_tree_{std::move(device_tree)}
{
}

void MachineObject::offer_on(const std::shared_ptr<bus::Connection>& connection)
{
    const std::string path = bus::machine_path(bindings_.vm());
    machine_ = add_object(connection->raw(), path, bus::machine_interface, machine_vtable, this);
    aliases_ = add_object(connection->raw(), path, bus::aliases_interface, aliases_vtable, this);
}

void MachineObject::require_life() const
{
    if (parts_.lifecycle.over())
        throw NamedError{error_name::wrong_state, "{} has come to its end", name()};
}

void MachineObject::hold(GuestClock clock)
{
    require_life();
    if (parts_.machine.paused())
        throw NamedError{error_name::wrong_state, "{} is paused already", name()};
    parts_.machine.pause(clock);
    parts_.lifecycle.tell_state();
}

void MachineObject::pause(Message call)
{
    hold(GuestClock::stands);
    call.new_reply().send();
}

void MachineObject::pause_with_options(Message call)
{
    hold(bus::read_pause_options(call));
    call.new_reply().send();
}

void MachineObject::resume(Message call)
{
    require_life();
    if (!parts_.machine.paused())
        throw NamedError{error_name::wrong_state, "{} is not paused", name()};
    parts_.machine.resume();
    parts_.lifecycle.tell_state();
    call.new_reply().send();
}

void MachineObject::reset(Message call)
{
    require_life();
    call.new_reply().send();
    parts_.lifecycle.reset();
}

void MachineObject::power_off(Message call)
{
    require_life();
    call.new_reply().send();
    parts_.lifecycle.power_off();
}

void MachineObject::open_console(Message call)
{
    if (parts_.console != nullptr)
    {
        const UniqueFd client = parts_.console->connect();
        return call.new_reply().append("h", client.get()).send();
    }
    const auto aliases = parts_.machine.aliases();
    if (const plan::AliasPlan* const port = bindings_.physical_console(aliases))
        throw NamedError{error_name::console_is_physical,
                         "the console of {} is {}, which is the physical {} ({})",
                         name(),
                         port->name,
                         port->instance,
                         port->sysname};
    throw NamedError{error_name::wrong_state, "{} has no console: nothing is behind a UART",
                     name()};
}

void MachineObject::dump_device_tree(Message call)
{
    call.new_reply().append_bytes(device_tree_).send();
}

void MachineObject::detach(Message call)
{
    const std::string alias = call.read_string();
    require_life();
    bindings_.require_instance(parts_.machine.aliases(), alias);
    const auto pause = parts_.machine.detach(alias);
    spdlog::info("{}: nothing is behind it any more; the guest stood still for {} us", alias,
                 pause.count());
    parts_.lifecycle.describe(describe(parts_.machine));
    reply_pause(call, pause);
}

void MachineObject::attach(Message call)
{
    const std::string alias = call.read_string();
    const std::string instance = call.read_string();
    const auto settings =
        call.read_bool() ? quiesce::Settings::as_left : quiesce::Settings::at_rest;
    std::vector<UniqueFd> descriptors = read_descriptors(call);
    require_life();
    const plan::AliasPlan wanted = bindings_.plan_attach(parts_.machine.aliases(), alias, instance);
    const auto pause = attach_device(wanted, settings, std::move(descriptors));
    spdlog::info("{}; the guest stood still for {} us", plan::binding_text(wanted), pause.count());
    parts_.lifecycle.describe(describe(parts_.machine));
    reply_pause(call, pause);
}

std::chrono::microseconds MachineObject::attach_device(const plan::AliasPlan& alias,
                                                       quiesce::Settings settings,
                                                       std::vector<UniqueFd> descriptors)
{
    const bool confined = alias.dma == Dma::iommu;
    const std::size_t due = confined ? 2 : 1;
    if (descriptors.size() != due)
        throw NamedError{error_name::invalid_args,
                         "{} comes with {} descriptors, due are {}{}",
                         alias.instance,
                         descriptors.size(),
                         due,
                         confined ? ": the device's and its container's" : ""};
    parts_.devices.hand_in(alias.sysname, std::move(descriptors));
    return parts_.machine.attach(alias, settings, parts_.devices.host);
}

std::string describe(const machine::Machine& machine)
{
    return fmt::format("{} vCPU{}, {}", machine.vcpus(), machine.vcpus() == 1 ? "" : "s",
                       plan::bindings_text(machine.aliases()));
}

} // namespace aliasvm::control
