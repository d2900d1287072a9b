// SPDX-License-Identifier: Apache-2.0
// top: interrupts and exits per second, each second anew.
#include "cli/columns.hpp"
#include "cli/json.hpp"
#include "cli/rates.hpp"
#include "cli/session.hpp"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

using Clock = std::chrono::steady_clock;

struct TopOptions
{
    unsigned samples{}; ///< 0: until interrupted
    double delay{1.0};  ///< seconds
    bool once{};
    bool json{};
};

std::string rate_text(double rate)
{
    return fmt::format("{:.1f}", rate);
}

std::string rates_table(const Rates& rates, bool colours)
{
    Columns table{colours};
    table.row({{"VM", Colour::bold},
               {"STATE", Colour::bold},
               {"EXITS/S", Colour::bold},
               {"MMIO/S", Colour::bold},
               {"VGIC/S", Colour::bold},
               {"WFI/S", Colour::bold},
               {"REFUSED/S", Colour::bold}});
    for (const MachineRates& machine : rates.machines)
        table.row({machine.name, machine.state, rate_text(machine.exits),
                   rate_text(machine.mmio_user), rate_text(machine.mmio_kernel),
                   rate_text(machine.wfi), rate_text(machine.refused)});
    Columns devices{colours};
    devices.row({{"DEVICE", Colour::bold},
                 {"VM", Colour::bold},
                 {"ALIAS", Colour::bold},
                 {"IRQS/S", Colour::bold}});
    for (const DeviceRates& device : rates.devices)
        devices.row({device.name, device.owner, device.alias, rate_text(device.interrupts)});
    return fmt::format("{}\n{}", table.text(), devices.text());
}

/// One sample is one line, so that a reader has each whole as soon as it is there.
std::string rates_json(const Rates& rates)
{
    Json json;
    json.object().key("machines").array();
    for (const MachineRates& machine : rates.machines)
        json.object()
            .key("name")
            .text(machine.name)
            .key("state")
            .text(machine.state)
            .key("exits")
            .real(machine.exits)
            .key("mmio_user")
            .real(machine.mmio_user)
            .key("mmio_kernel")
            .real(machine.mmio_kernel)
            .key("wfi")
            .real(machine.wfi)
            .key("refused")
            .real(machine.refused)
            .end();
    json.end().key("devices").array();
    for (const DeviceRates& device : rates.devices)
        json.object()
            .key("name")
            .text(device.name)
            .key("machine")
            .text(device.owner)
            .key("alias")
            .text(device.alias)
            .key("interrupts")
            .real(device.interrupts)
            .end();
    return json.end().end().line();
}

void print(const Rates& rates, const TopOptions& options, bool first)
{
    if (options.json)
        fmt::print("{}", rates_json(rates));
    else if (::isatty(STDOUT_FILENO) == 1)
        fmt::print("\033[H\033[J{}", rates_table(rates, colours_welcome()));
    else
        fmt::print("{}{}", first ? "" : "\n", rates_table(rates, false));
    std::fflush(stdout);
}

ExitCode top(Session& session, const TopOptions& options)
{
    const unsigned samples = options.once ? 1 : options.samples;
    Inventory before = read_inventory(session.client());
    auto then = Clock::now();
    for (unsigned done = 0; samples == 0 || done < samples; ++done)
    {
        std::this_thread::sleep_until(then + std::chrono::duration_cast<Clock::duration>(
                                                 std::chrono::duration<double>{options.delay}));
        Inventory after = read_inventory(session.client());
        const auto now = Clock::now();
        print(rates_between(before, after, now - then), options, done == 0);
        if (std::ferror(stdout) != 0)
            break; // nobody can read it; main() says so
        before = std::move(after);
        then = now;
    }
    return ExitCode::success;
}

} // namespace

void add_top_command(CLI::App& app, Session& session)
{
    const auto options = std::make_shared<TopOptions>();
    auto* const command =
        app.add_subcommand("top", "show interrupts and exits per second, again and again");
    auto* const samples = command->add_option("-n", options->samples, "end after so many")
                              ->check(CLI::Range(1U, 1'000'000'000U));
    command->add_flag("--once", options->once, "the same as -n 1")->excludes(samples);
    command->add_option("-d,--delay", options->delay, "seconds between two, 1 unless given")
        ->check(CLI::Range(0.01, 86400.0));
    command->add_flag("--json", options->json, "print JSON, a line each time");
    command->callback([&session, options]
                      { session.chosen = [&session, options] { return top(session, *options); }; });
}

} // namespace aliasvm::cli
