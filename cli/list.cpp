// SPDX-License-Identifier: Apache-2.0
// list and devices: what there is, as tables, names or JSON.
#include "cli/columns.hpp"
#include "cli/describe.hpp"
#include "cli/model.hpp"
#include "cli/session.hpp"
#include "common/plan/print.hpp"
#include "common/plan/units.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

struct ListOptions
{
    bool json{};
    bool names{};
    bool all{};
};

Cell state_cell(const Machine& machine)
{
    const bool failed = machine.state == "failed";
    const Colour colour = machine.state == "running"    ? Colour::green
                          : failed                      ? Colour::red
                          : machine.state == "inactive" ? Colour::grey
                                                        : Colour::yellow;
    if (failed && !machine.result.empty())
        return {fmt::format("failed ({})", machine.result), colour};
    return {machine.state, colour};
}

std::string aliases_text(const Machine& machine)
{
    std::string all;
    for (const Alias& alias : machine.aliases)
        all += fmt::format("{}{}={}", all.empty() ? "" : " ", alias.name, alias.behind());
    return all;
}

std::string machines_table(const Inventory& inventory, bool colours)
{
    Columns table{colours};
    table.row({{"NAME", Colour::bold},
               {"STATE", Colour::bold},
               {"VCPUS", Colour::bold},
               {"MEMORY", Colour::bold},
               {"ALIASES", Colour::bold}});
    for (const Machine& machine : inventory.machines)
        table.row({machine.name, state_cell(machine), fmt::format("{}", machine.vcpus),
                   plan::size_text(machine.memory), aliases_text(machine)});
    return table.text();
}

Cell state_cell(const Device& device)
{
    const Colour colour = device.state == "assigned"  ? Colour::green
                          : device.state == "blocked" ? Colour::red
                          : device.state == "absent"  ? Colour::grey
                                                      : Colour::none;
    return {device.state, colour};
}

/// "ff010000.serial 0xff010000+0x1000 SPI 22 INTID 54"
std::string host_text(const Device& device)
{
    std::string all = device.sysname;
    for (const HostRange& region : device.regions)
        all += ' ' + plan::range_text(region);
    for (const Spi spi : device.spis)
        all += ' ' + plan::spi_text(spi);
    return all;
}

std::string or_dash(const std::string& text)
{
    return text.empty() ? "-" : text;
}

std::string devices_table(const Inventory& inventory, bool all, bool colours)
{
    Columns table{colours};
    table.row({{"DEVICE", Colour::bold},
               {"STATE", Colour::bold},
               {"VM", Colour::bold},
               {"ALIAS", Colour::bold},
               {"DRIVER", Colour::bold},
               {"GROUP", Colour::bold},
               {"HOST", Colour::bold}});
    for (const Device& device : inventory.devices)
    {
        if (all || device.state != "absent")
            table.row({device.name, state_cell(device), or_dash(device.owner),
                       or_dash(device.alias), or_dash(device.driver), or_dash(device.iommu_group),
                       host_text(device)});
    }
    return table.text();
}

ExitCode list(Session& session, const ListOptions& options)
{
    const Inventory inventory = read_inventory(session.client());
    if (options.json)
    {
        Json json;
        json.object().key("machines").array();
        for (const Machine& machine : inventory.machines)
            describe(json, machine);
        fmt::print("{}", json.end().end().line());
    }
    else if (options.names)
    {
        for (const Machine& machine : inventory.machines)
            fmt::print("{}\n", machine.name);
    }
    else
        fmt::print("{}", machines_table(inventory, colours_welcome()));
    return ExitCode::success;
}

ExitCode devices(Session& session, const ListOptions& options)
{
    const Inventory inventory = read_inventory(session.client());
    if (options.json)
    {
        Json json;
        json.object().key("devices").array();
        for (const Device& device : inventory.devices)
            describe(json, device);
        fmt::print("{}", json.end().end().line());
    }
    else if (options.names)
    {
        for (const Device& device : inventory.devices)
        {
            if (options.all || device.state != "absent")
                fmt::print("{}\n", device.name);
        }
    }
    else
        fmt::print("{}", devices_table(inventory, options.all, colours_welcome()));
    return ExitCode::success;
}

} // namespace

void add_list_commands(CLI::App& app, Session& session)
{
    const auto options = std::make_shared<ListOptions>();
    auto* const list_command = app.add_subcommand("list", "list the VMs");
    auto* const devices_command = app.add_subcommand("devices", "list the devices of this SoC");
    for (auto* const command : {list_command, devices_command})
    {
        auto* const json = command->add_flag("--json", options->json, "print JSON");
        command->add_flag("--names", options->names, "print bare names, one a line")
            ->excludes(json);
    }
    devices_command->add_flag("--all", options->all, "also those that this host does not have");
    list_command->callback(
        [&session, options]
        { session.chosen = [&session, options] { return list(session, *options); }; });
    devices_command->callback(
        [&session, options]
        { session.chosen = [&session, options] { return devices(session, *options); }; });
}

} // namespace aliasvm::cli
