// SPDX-License-Identifier: Apache-2.0
// One machine's methods and properties.
#include "daemon/faces/machine_face.hpp"

#include "common/bus/method.hpp"
#include "common/bus/names.hpp"
#include "common/bus/pause_options.hpp"
#include "common/plan/alias_planner.hpp"
#include "common/plan/memory_layout.hpp"
#include "common/stats/statistics.hpp"
#include "daemon/systemd/systemd_units.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
using bus::Message;

namespace
{

/// In Aliases, for a line that no physical one stands behind.
constexpr std::uint32_t no_spi = UINT32_MAX;

const char* backing_text(plan::Backing backing)
{
    switch (backing)
    {
    case plan::Backing::instance:
        return "instance";
    case plan::Backing::console:
        return "console";
    case plan::Backing::power_key:
        return "power-key";
    case plan::Backing::clock:
        return "clock";
    case plan::Backing::none:
        return "none";
    }
    return "none";
}

void append_alias(Message& value, const plan::AliasPlan& alias)
{
    value.open('r', "sssa(ttt)a(uu)");
    value.append("sss", alias.name.c_str(), alias.instance.c_str(), backing_text(alias.backing));
    value.open('a', "(ttt)");
    for (const plan::Window& window : alias.windows)
        value.append("(ttt)", window.guest.base.value, window.host ? window.host->base.value : 0,
                     window.guest.size);
    value.close().open('a', "(uu)");
    for (const plan::Line& line : alias.lines)
        value.append("(uu)", line.guest.dt_cell(), line.host ? line.host->dt_cell() : no_spi);
    value.close().close();
}

/// Where its RAM is in the guest. At identity the place is known only while it has it.
std::vector<plan::Bank> banks_of(const Machine& machine, const MachineFace::Uses& uses)
{
    if (!machine.config)
        return {};
    plan::HostFacts facts;
    for (const HostRange& piece : uses.fixed_memory.pieces(machine.name))
        facts.identity_banks.push_back({GuestAddr{piece.base.value}, piece.size});
    Problems problems; // Check tells them
    auto layout = plan::lay_out_memory(*machine.config, uses.catalogue, facts, problems);
    if (layout.example)
        return {};
    return std::move(layout.banks);
}

/// What stands behind each alias now, or would if the machine were started.
plan::Config with_bindings(const Machine& machine, const MachineFace::Uses& uses)
{
    plan::Config config = *machine.config;
    for (plan::AliasConfig& alias : config.aliases)
    {
        std::string& instance = alias.instance.value;
        const plan::Instance* const there =
            uses.ownership.behind(machine.name.str(), alias.name.value);
        if (there != nullptr)
            instance = there->name;
        else if (machine.unit.down())
            instance = uses.machines.wanted(machine, alias.name.value);
        else if (uses.catalogue.find(instance) != nullptr)
            instance.clear(); // it runs, and has lost this or not got it yet
    }
    return config;
}

} // namespace

MachineFace::MachineFace(Face::Bus bus, const Uses& uses, std::shared_ptr<const Machine> machine)
    : Face{std::move(bus), bus::machine_path(machine->name), bus::machine_interface}, uses_{uses},
      machine_{std::move(machine)}
{
    show(vtable, this);
}

void MachineFace::emit_state()
{
    emit_changed(
        {"State", "Result", "Leader", "Vcpus", "Memory", "MemoryBanks", "Aliases", "MacAddresses"});
}

asio::awaitable<void> MachineFace::start(Message call)
{
    co_await allow(call, action::manage_machines);
    co_await uses_.control.start(machine_->name.str());
    call.new_reply().send();
}

asio::awaitable<void> MachineFace::shutdown(Message call)
{
    co_await allow(call, action::manage_machines);
    co_await uses_.control.stop(machine_->name.str());
    call.new_reply().send();
}

asio::awaitable<void> MachineFace::power_off(Message call)
{
    co_await allow(call, action::manage_machines);
    co_await uses_.control.power_off(machine_->name.str());
    call.new_reply().send();
}

asio::awaitable<void> MachineFace::reset(Message call)
{
    co_await allow(call, action::manage_machines);
    co_await uses_.control.reset(machine_->name.str());
    call.new_reply().send();
}

asio::awaitable<void> MachineFace::pause(Message call)
{
    co_await allow(call, action::manage_machines);
    co_await uses_.control.pause(machine_->name.str(), GuestClock::stands);
    call.new_reply().send();
}

asio::awaitable<void> MachineFace::pause_with_options(Message call)
{
    co_await allow(call, action::manage_machines);
    const GuestClock clock = bus::read_pause_options(call);
    co_await uses_.control.pause(machine_->name.str(), clock);
    call.new_reply().send();
}

asio::awaitable<void> MachineFace::resume(Message call)
{
    co_await allow(call, action::manage_machines);
    co_await uses_.control.resume(machine_->name.str());
    call.new_reply().send();
}

asio::awaitable<void> MachineFace::open_console(Message call)
{
    co_await allow(call, action::manage_machines);
    const auto machine = uses_.control.require_live(machine_->name.str());
    const UniqueFd console = co_await machine->vmm->open_console();
    call.new_reply().append("h", console.get()).send();
}

asio::awaitable<void> MachineFace::dump_device_tree(Message call)
{
    co_await allow(call, action::manage_machines);
    const auto machine = uses_.control.require_live(machine_->name.str());
    const auto blob = co_await machine->vmm->device_tree();
    call.new_reply().append_bytes(blob).send();
}

void MachineFace::name(Message& value) const
{
    value.append("s", machine_->name.str().c_str());
}

void MachineFace::state(Message& value) const
{
    value.append("s", to_string(machine_->state()));
}

void MachineFace::result(Message& value) const
{
    value.append("s", machine_->result().c_str());
}

void MachineFace::unit(Message& value) const
{
    value.append("s", unit_of(machine_->name).c_str());
}

void MachineFace::leader(Message& value) const
{
    value.append("u", machine_->unit.main_pid);
}

void MachineFace::vcpus(Message& value) const
{
    value.append("u", machine_->config ? machine_->config->vcpus.value : 0U);
}

void MachineFace::memory(Message& value) const
{
    const auto& config = machine_->config;
    value.append("t", config && config->memory ? config->memory->value : std::uint64_t{0});
}

void MachineFace::memory_banks(Message& value) const
{
    value.open('a', "(ttb)");
    for (const plan::Bank& bank : banks_of(*machine_, uses_))
        value.append("(ttb)", bank.range.base.value, bank.range.size, bank.offset ? 1 : 0);
    value.close();
}

void MachineFace::aliases(Message& value) const
{
    value.open('a', "(sssa(ttt)a(uu))");
    if (machine_->config)
    {
        Problems problems; // Check tells them
        for (const auto& alias : plan::plan_aliases(
                 with_bindings(*machine_, uses_), uses_.catalogue, uses_.machines.host(), problems))
            append_alias(value, alias.plan);
    }
    value.close();
}

void MachineFace::mac_addresses(Message& value) const
{
    value.open('a', "{ss}");
    if (machine_->config)
    {
        Problems problems; // Check tells them
        for (const auto& alias : plan::plan_aliases(
                 with_bindings(*machine_, uses_), uses_.catalogue, uses_.machines.host(), problems))
        {
            if (alias.plan.ethernet)
                value.append("{ss}", alias.plan.name.c_str(),
                             plan::mac_text(alias.plan.ethernet->mac).c_str());
        }
    }
    value.close();
}

void MachineFace::config_path(Message& value) const
{
    value.append("s", machine_->config_path.c_str());
}

void MachineFace::statistics(Message& value) const
{
    std::map<std::string, std::uint64_t> sums;
    for (const UniqueFd& descriptor : machine_->statistics)
    {
        for (const auto& [name, number] : stats::read_statistics(descriptor.get()))
            sums[name] += number;
    }
    sums["last_pause_usec"] = static_cast<std::uint64_t>(machine_->last_pause.count());
    sums["longest_pause_usec"] = static_cast<std::uint64_t>(machine_->longest_pause.count());
    value.open('a', "{st}");
    for (const auto& [name, number] : sums)
        value.append("{st}", name.c_str(), number);
    value.close();
}

const sd_bus_vtable MachineFace::vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("Start", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::slow_method<&MachineFace::start>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Shutdown", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::slow_method<&MachineFace::shutdown>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("PowerOff", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::slow_method<&MachineFace::power_off>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Reset", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::slow_method<&MachineFace::reset>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Pause", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::slow_method<&MachineFace::pause>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("PauseWithOptions", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                            bus::slow_method<&MachineFace::pause_with_options>,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Resume", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            bus::slow_method<&MachineFace::resume>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("OpenConsole", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", console),
                            bus::slow_method<&MachineFace::open_console>,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("DumpDeviceTree", SD_BUS_NO_ARGS, SD_BUS_RESULT("ay", blob),
                            bus::slow_method<&MachineFace::dump_device_tree>,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("Name", "s", bus::property<&MachineFace::name>, 0,
                    SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("State", "s", bus::property<&MachineFace::state>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Result", "s", bus::property<&MachineFace::result>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Unit", "s", bus::property<&MachineFace::unit>, 0,
                    SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Leader", "u", bus::property<&MachineFace::leader>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Vcpus", "u", bus::property<&MachineFace::vcpus>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Memory", "t", bus::property<&MachineFace::memory>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("MemoryBanks", "a(ttb)", bus::property<&MachineFace::memory_banks>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Aliases", "a(sssa(ttt)a(uu))", bus::property<&MachineFace::aliases>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("MacAddresses", "a{ss}", bus::property<&MachineFace::mac_addresses>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("ConfigPath", "s", bus::property<&MachineFace::config_path>, 0,
                    SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Statistics", "a{st}", bus::property<&MachineFace::statistics>, 0, 0),
    SD_BUS_VTABLE_END,
};

} // namespace aliasvm::daemon
