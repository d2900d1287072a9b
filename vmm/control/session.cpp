// SPDX-License-Identifier: Apache-2.0
// The phases of a run, one after the other.
#include "vmm/control/session.hpp"

#include "common/base/error.hpp"
#include "common/facts/gather.hpp"
#include "common/facts/random_seed.hpp"
#include "common/plan/guest_dtb.hpp"
#include "common/plan/make_plan.hpp"
#include "common/plan/print.hpp"
#include "vmm/control/lifecycle.hpp"
#include "vmm/machine/image_loader.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <spdlog/spdlog.h>

namespace aliasvm::control
{

namespace
{

/// The output of one emulated console, and who reads it. The machine's UART speaks to `output` as
/// long as it lives; the server speaks to the UART.
struct Console
{
    explicit Console(std::string name) : alias{std::move(name)} {}

    std::string alias;
    devices::ConsoleOutput output;
};

std::unique_ptr<ConsoleServer> serve(boost::asio::io_context& loop, Console& console,
                                     machine::Machine& machine, const std::string& folder)
{
    const std::string path = fmt::format("{}/{}.sock", folder, console.alias);
    auto server = std::make_unique<ConsoleServer>(
        loop, path, console.output, *machine.console(console.alias),
        [alias = console.alias](std::uint64_t bytes)
        {
            spdlog::warn("{}: a reader is too slow for its console and lost {} bytes; further "
                         "losses are only counted",
                         alias, bytes);
        });
    spdlog::info("{}: console at {}", console.alias, path);
    return server;
}

std::optional<plan::VmPlan> plan_or_report(const plan::Config& config,
                                           const plan::Catalogue& catalogue,
                                           const plan::HostFacts& facts)
{
    auto made = plan::make_plan(config, catalogue, facts);
    if (auto* const plan = std::get_if<plan::VmPlan>(&made))
        return std::move(*plan);
    for (const Problem& problem : std::get<Problems>(made))
        spdlog::error("{}", to_string(problem));
    return std::nullopt;
}

void report(const plan::VmPlan& plan)
{
    for (const Problem& warning : plan.warnings)
        spdlog::warn("{}", to_string(warning));
    spdlog::info("{}", plan::plan_text(plan));
}

void get_devices(BrokerClient& broker, const plan::VmPlan& plan, DeviceSource& devices)
{
    for (const plan::AliasPlan& alias : plan.aliases)
    {
        if (alias.backing != plan::Backing::instance)
            continue;
        Device device = broker.acquire(alias.name);
        if (device.instance != alias.instance || device.descriptors.empty())
            throw Error{
                EPROTO,          "get {} for alias {}: aliasvmd gives \"{}\" with {} descriptors",
                alias.instance,  alias.name,
                device.instance, device.descriptors.size()};
        devices.hand_in(alias.sysname, std::move(device.descriptors));
    }
}

/// All that a machine is made of, but its devices.
struct Prepared
{
    plan::VmPlan plan;
    std::vector<std::byte> dtb;
    UniqueFd hugepages;
};

/// Uses the plan and the hugepages up: once the machine is there it has its memory mapped, and says
/// itself what stands behind its aliases.
machine::Machine construct(Outside& outside, plan::VmPlan plan, std::span<const std::byte> dtb,
                           UniqueFd hugepages, std::deque<Console>& consoles)
{
    const auto open_console = [&consoles](std::string_view alias) -> devices::UartSink&
    { return consoles.emplace_back(std::string{alias}).output; };
    return machine::Machine{outside.system, outside.devices.host, plan, dtb, open_console,
                            hugepages};
}

ExitStatus run_machine(boost::asio::io_context& loop, Prepared prepared, Bindings bindings,
                       Outside& outside, BrokerClient& broker)
{
    // Construct: everything is there, and stands still.
    const auto stop_timeout = prepared.plan.stop_timeout;
    std::deque<Console> consoles;
    machine::Machine machine = construct(outside, std::move(prepared.plan), prepared.dtb,
                                         std::move(prepared.hugepages), consoles);

    // Serve: sockets, signals, the daemon. Nobody is answered before the loop runs.
    std::vector<std::unique_ptr<ConsoleServer>> servers;
    for (Console& console : consoles)
        servers.push_back(serve(loop, console, machine, outside.runtime));

    Lifecycle lifecycle{loop, machine, stop_timeout, describe(machine)};
    MachineObject object{
        {machine, lifecycle, outside.devices, servers.empty() ? nullptr : servers.front().get()},
        std::move(bindings),
        std::move(prepared.dtb)};
    broker.serve(
        [&machine] {
            return Presence{machine.holdings(), machine.paused(), machine.statistics()};
        },
        [&object](const auto& connection) { object.offer_on(connection); });

    // Confine, run: if the one fails the other never happens, and no instruction of a guest runs in
    // a process that could do more than a VMM has to.
    outside.confine();
    machine.power_on();
    loop.run();
    if (const auto reads = machine.bus().unmapped_reads(), writes = machine.bus().unmapped_writes();
        reads + writes != 0)
        spdlog::info("{} reads and {} writes went where nothing is", reads, writes);
    if (const auto refused = machine.notices().counts().refused_accesses(); refused != 0)
        spdlog::info("{} accesses were answered with an external abort", refused);
    return lifecycle.result();
}

} // namespace

ExitStatus run_session(boost::asio::io_context& loop, plan::Config config,
                       const plan::Catalogue& catalogue, Outside& outside)
{
    plan::HostFacts facts =
        facts::gather(config, catalogue, {outside.system.ipa_bits(), outside.system.offers_pmu()});
    // Planned as it stands first: whoever wrote it hears of all that is wrong with it, and of
    // nothing that is not from it.
    if (!plan_or_report(config, catalogue, facts))
        return ExitStatus::configuration;

    BrokerClient broker{loop, config.name, outside.connect};
    const BindingMap bindings = broker.enrol();
    for (const auto& [alias, instance] : bindings)
        spdlog::info("{} = \"{}\", says aliasvmd, whatever {} says", alias, instance, config.file);
    apply_bindings(config, bindings);
    facts.clock_rates = broker.clock_rates();
    facts.random_seed = facts::random_seed();
    Hugepages hugepages;
    if (config.dma.value == Dma::identity)
    {
        hugepages = broker.acquire_memory(config.memory->value);
        facts.identity_banks = hugepages.banks;
    }
    auto plan = plan_or_report(config, catalogue, facts);
    if (!plan)
        return ExitStatus::configuration;
    report(*plan);
    get_devices(broker, *plan, outside.devices);
    auto dtb = plan::guest_dtb(*plan, catalogue, facts);
    try
    {
        return run_machine(loop, {std::move(*plan), std::move(dtb), std::move(hugepages.file)},
                           {std::move(config), catalogue, std::move(facts.traits)}, outside,
                           broker);
    }
    catch (const machine::BadImage& error)
    {
        spdlog::error("{}; copy or build the file again", error.what());
        return ExitStatus::configuration;
    }
}

} // namespace aliasvm::control
