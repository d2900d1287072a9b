// SPDX-License-Identifier: Apache-2.0
// Jobs, calls, and waiting for what they bring about.
#include "daemon/faces/machine_control.hpp"

#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "daemon/ownership/configuration_check.hpp"

#include <chrono>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
namespace names = bus::error_name;
using bus::NamedError;
using namespace std::chrono_literals;

namespace
{

/// For a unit to follow a VMM that ends by itself; restarts wait for RestartSec.
constexpr auto unit_time = 60'000ms;

/// The last sentence that there is about a unit's end.
std::string reason_of(const UnitFacts& unit)
{
    std::string text = unit.result;
    if (unit.exit_status != 0)
        text += fmt::format(", exit status {}", unit.exit_status);
    if (!unit.status.empty())
        text += fmt::format(", \"{}\"", unit.status);
    return text;
}

[[noreturn]] void start_failed(const Machine& machine)
{
    throw NamedError{names::start_failed, "{} did not start: {}; journalctl -u vm@{} has it all",
                     machine.name.str(), reason_of(machine.unit), machine.name.str()};
}

} // namespace

std::shared_ptr<Machine> MachineControl::require_live(std::string_view name)
{
    const auto machine = machines_.require(name).shared_from_this();
    if (!machine->live())
        throw NamedError{names::wrong_state, "{} is {}, not running", name,
                         to_string(machine->state())};
    return machine;
}

void MachineControl::require_good_configuration(const Machine& machine) const
{
    const Problems problems = check_configuration(machine, machines_, catalogue_).problems;
    if (!problems.empty())
        throw NamedError{names::bad_configuration, "{}{}", to_string(problems.front()),
                         problems.size() == 1
                             ? ""
                             : fmt::format(" (and {} more: Check tells all)", problems.size() - 1)};
}

asio::awaitable<void> MachineControl::start(std::string name)
{
    const auto machine = machines_.require(name).shared_from_this();
    if (machine->unit.down())
        require_good_configuration(*machine);
    const std::string result = co_await units_.start(machine->name);
    if (result != "done")
        start_failed(*machine);
    const auto decided = [&] { return machine->live() || machine->unit.down(); };
    static_cast<void>(co_await machines_.condition().until(decided, unit_time));
    if (!machine->live())
        start_failed(*machine);
}

asio::awaitable<void> MachineControl::stop(std::string name)
{
    const auto machine = machines_.require(name).shared_from_this();
    const std::string result = co_await units_.stop(machine->name);
    if (result != "done")
        throw NamedError{bus::error_name::failed, "stop {}: systemd's job ended as {}", name,
                         result};
}

asio::awaitable<void> MachineControl::power_off(std::string name)
{
    const auto machine = require_live(name);
    const auto before = machine->vmm;
    co_await before->power_off();
    // Somebody may start it again at once.
    const auto over = [&]
    { return machine->unit.down() || (machine->vmm && machine->vmm != before); };
    if (!co_await machines_.condition().until(over, unit_time))
        throw NamedError{names::timed_out, "power {} off: its process does not end", name};
}

asio::awaitable<void> MachineControl::reset(std::string name)
{
    const auto machine = require_live(name);
    const auto before = machine->vmm;
    co_await before->reset();
    const auto over = [&]
    { return machine->unit.down() || (machine->vmm != before && machine->live()); };
    static_cast<void>(co_await machines_.condition().until(over, unit_time));
    if (machine->unit.down() || !over())
        start_failed(*machine);
}

asio::awaitable<void> MachineControl::pause(std::string name, GuestClock clock)
{
    const auto machine = require_live(name);
    if (machine->paused)
        throw NamedError{names::wrong_state, "{} is paused already", name};
    const auto vmm = machine->vmm;
    co_await vmm->pause(clock);
    note_paused(*machine, vmm, true);
}

asio::awaitable<void> MachineControl::resume(std::string name)
{
    const auto machine = require_live(name);
    if (!machine->paused)
        throw NamedError{names::wrong_state, "{} is running already", name};
    const auto vmm = machine->vmm;
    co_await vmm->resume();
    note_paused(*machine, vmm, false);
}

void MachineControl::note_paused(Machine& machine, const std::shared_ptr<Vmm>& asked, bool paused)
{
    if (machine.vmm != asked)
        throw NamedError{names::wrong_state, "{0} is gone: \"journalctl -u vm@{0}\" says why",
                         machine.name.str()};
    machine.paused = paused;
    machines_.changed(machine);
}

} // namespace aliasvm::daemon
