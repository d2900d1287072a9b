// SPDX-License-Identifier: Apache-2.0
// map: what a VM's addresses and interrupts really are.
#include "cli/map.hpp"

#include "cli/describe.hpp"
#include "cli/failure.hpp"
#include "cli/session.hpp"
#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/plan/catalogue.hpp"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

struct MapOptions
{
    std::string machine;
    std::string svg;
    bool json{};
    bool names{};
};

/// The rest of the map is true without it, so that it is only complained of.
std::optional<GicRanges> find_gic(const std::string& catalogue_file)
{
    try
    {
        const plan::Catalogue catalogue{read_file(catalogue_file), catalogue_file};
        return GicRanges{catalogue.gic_distributor(), catalogue.gic_cpu_interface()};
    }
    catch (const Error& error)
    {
        complain(fmt::format("the map is without the GIC: {}", error.what()));
        return std::nullopt;
    }
}

void write_file(const std::string& file, const std::string& text)
{
    std::ofstream out{file, std::ios::trunc | std::ios::binary};
    if (!out)
        throw Error{errno, "create {}", file};
    if (!(out << text).flush())
        throw Error{errno, "write {}", file};
}

std::string map_json(const MachineMap& map)
{
    Json json;
    json.object().key("machine").text(map.machine.name).key("state").text(map.machine.state);
    json.key("memory").array();
    for (const MemoryBank& bank : map.machine.banks)
        json.object()
            .key("base")
            .number(bank.range.base.value)
            .key("size")
            .number(bank.range.size)
            .key("identity")
            .boolean(bank.identity)
            .end();
    json.end();
    json.key("gic");
    if (map.gic)
    {
        json.object();
        for (const auto& [name, range] : {std::pair{"distributor", map.gic->distributor},
                                          std::pair{"cpu_interface", map.gic->cpu_interface}})
            json.key(name)
                .object()
                .key("base")
                .number(range.base.value)
                .key("size")
                .number(range.size)
                .end();
        json.end();
    }
    else
        json.null();
    json.key("aliases").array();
    for (const Alias& alias : map.machine.aliases)
        describe(json, alias);
    json.end().key("macs").object();
    for (const auto& [alias, mac] : map.machine.macs)
        json.key(alias).text(mac);
    return json.end().end().line();
}

ExitCode show(Session& session, const MapOptions& options)
{
    const Inventory inventory = read_inventory(session.client());
    MachineMap map{.machine = inventory.machine(options.machine), .gic = {}, .sysnames = {}};
    if (options.names)
    {
        for (const Alias& alias : map.machine.aliases)
            fmt::print("{}\n", alias.name);
        return ExitCode::success;
    }
    map.gic = find_gic(session.catalogue);
    for (const Device& device : inventory.devices)
        map.sysnames[device.name] = device.sysname;
    if (!options.svg.empty())
        write_file(options.svg, map_svg(map));
    else
        fmt::print("{}", options.json ? map_json(map) : map_table(map));
    return ExitCode::success;
}

} // namespace

void add_map_command(CLI::App& app, Session& session)
{
    const auto options = std::make_shared<MapOptions>();
    auto* const command = app.add_subcommand(
        "map", "show a VM's memory and interrupts beside what they are on the host");
    command->add_option("NAME", options->machine, "of the VM")->required();
    auto* const svg = command->add_option("--svg", options->svg, "draw it into this file");
    command->add_flag("--json", options->json, "print JSON")->excludes(svg);
    command->add_flag("--names", options->names)->group(""); // aliases, for completion
    command->callback(
        [&session, options]
        { session.chosen = [&session, options] { return show(session, *options); }; });
}

} // namespace aliasvm::cli
