// SPDX-License-Identifier: Apache-2.0
// What is not about one machine or device, and short ways to what is.
#include "daemon/faces/manager_face.hpp"

#include "common/bus/method.hpp"
#include "common/bus/names.hpp"
#include "daemon/faces/device_state.hpp"
#include "daemon/ownership/configuration_check.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
using bus::Message;

namespace
{

/// A process that is gone has closed its devices; this is for a daemon that is just starting.
constexpr std::chrono::milliseconds rest_time{10'000};

void reply_with(const Message& call, const Problems& problems)
{
    Message reply = call.new_reply();
    reply.open('a', "(suuss)");
    for (const Problem& problem : problems)
        reply.append("(suuss)", problem.at.file.c_str(), problem.at.line, problem.at.column,
                     problem.what.c_str(), problem.mend.c_str());
    reply.close().send();
}

} // namespace

ManagerFace::ManagerFace(Face::Bus bus, const Uses& uses)
    : Face{std::move(bus), bus::root_path, bus::manager_interface}, uses_{uses}
{
    show(vtable, this);
}

void ManagerFace::list_machines(Message call)
{
    Message reply = call.new_reply();
    reply.open('a', "(sso)");
    for (const auto& [name, machine] : uses_.machines.all())
        reply.append("(sso)", name.c_str(), to_string(machine->state()),
                     bus::machine_path(machine->name).c_str());
    reply.close().send();
}

void ManagerFace::list_devices(Message call)
{
    Message reply = call.new_reply();
    reply.open('a', "(ssso)");
    for (const plan::Instance& instance : uses_.catalogue.instances())
    {
        const WithMachine* const owner = uses_.ownership.owner(instance);
        reply.append("(ssso)", instance.name.c_str(),
                     device_state(uses_.ownership, uses_.host_devices, instance),
                     owner == nullptr ? "" : owner->machine.c_str(),
                     bus::device_path(instance.name).c_str());
    }
    reply.close().send();
}

asio::awaitable<void> ManagerFace::start_machine(Message call)
{
    co_await allow(call, action::manage_machines);
    co_await uses_.control.start(call.read_string());
    call.new_reply().send();
}

asio::awaitable<void> ManagerFace::stop_machine(Message call)
{
    co_await allow(call, action::manage_machines);
    co_await uses_.control.stop(call.read_string());
    call.new_reply().send();
}

void ManagerFace::check(Message call)
{
    const Machine& machine = uses_.machines.require(call.read_string());
    reply_with(call, check_configuration(machine, uses_.machines, uses_.catalogue).problems);
}

void ManagerFace::warnings(Message call)
{
    const Machine& machine = uses_.machines.require(call.read_string());
    reply_with(call, check_configuration(machine, uses_.machines, uses_.catalogue).warnings);
}

/// For the end of a VM's unit: what its process had is at rest when systemd calls it stopped.
asio::awaitable<void> ManagerFace::await_rest(Message call)
{
    const std::string name = call.read_string();
    if (!co_await uses_.machines.condition().until([&] { return uses_.ownership.done_with(name); },
                                                   rest_time))
        throw bus::NamedError{bus::error_name::timed_out,
                              "devices of {} are not at rest yet: journalctl -u aliasvmd", name};
    call.new_reply().send();
}

asio::awaitable<void> ManagerFace::reload(Message call)
{
    co_await allow(call, action::manage_machines);
    uses_.machines.reload();
    call.new_reply().send();
}

const sd_bus_vtable ManagerFace::vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("ListMachines", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sso)", machines),
                            bus::method<&ManagerFace::list_machines>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("ListDevices", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssso)", devices),
                            bus::method<&ManagerFace::list_devices>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("StartMachine", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
                            bus::slow_method<&ManagerFace::start_machine>,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("StopMachine", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
                            bus::slow_method<&ManagerFace::stop_machine>,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Check", SD_BUS_ARGS("s", name), SD_BUS_RESULT("a(suuss)", problems),
                            bus::method<&ManagerFace::check>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Warnings", SD_BUS_ARGS("s", name), SD_BUS_RESULT("a(suuss)", warnings),
                            bus::method<&ManagerFace::warnings>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("AwaitRest", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
                            bus::slow_method<&ManagerFace::await_rest>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::slow_method<&ManagerFace::reload>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

} // namespace aliasvm::daemon
