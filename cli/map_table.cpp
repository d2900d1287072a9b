// SPDX-License-Identifier: Apache-2.0
// The table of map, in the words of the plan's.
#include "cli/columns.hpp"
#include "cli/map.hpp"
#include "common/plan/print.hpp"
#include "common/plan/units.hpp"

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

void row(Columns& table, const std::string& what, const std::string& host, const std::string& guest)
{
    table.row({what, fmt::format("[{}]", host), fmt::format("-> [{}]", guest)});
}

void add_alias(Columns& table, const MachineMap& map, const Alias& alias)
{
    for (const Window& window : alias.windows)
        row(table, alias.name,
            window.host ? fmt::format("{} {}", map.behind(alias), plan::range_text(*window.host))
                        : alias.behind(),
            plan::range_text(window.guest));
    for (const Line& line : alias.lines)
        row(table, alias.name, line.host ? plan::spi_text(*line.host) : alias.behind(),
            plan::spi_text(line.guest));
    if (const auto mac = map.machine.macs.find(alias.name); mac != map.machine.macs.end())
        row(table, alias.name, "MAC address", mac->second);
}

void add_memory(Columns& table, const Machine& machine)
{
    for (const MemoryBank& bank : machine.banks)
        row(table, "memory",
            bank.identity ? plan::range_text(HostRange{{bank.range.base.value}, bank.range.size})
                          : fmt::format("RAM {}", plan::size_text(bank.range.size)),
            plan::range_text(bank.range));
    if (machine.banks.empty())
        row(table, "memory", fmt::format("RAM {}", plan::size_text(machine.memory)),
            "place known at its start");
}

} // namespace

std::string MachineMap::behind(const Alias& alias) const
{
    const auto sysname = sysnames.find(alias.instance);
    return sysname == sysnames.end() ? alias.behind()
                                     : fmt::format("{} {}", alias.instance, sysname->second);
}

std::string map_table(const MachineMap& map)
{
    const Machine& machine = map.machine;
    Columns table;
    add_memory(table, machine);
    if (map.gic)
    {
        row(table, "gic", "KVM's distributor", plan::range_text(map.gic->distributor));
        row(table, "gic", "KVM's CPU interface", plan::range_text(map.gic->cpu_interface));
    }
    for (const Alias& alias : machine.aliases)
        add_alias(table, map, alias);
    return fmt::format("VM {}: {}, {} vCPU{}; [host] -> [guest]\n{}", machine.name, machine.state,
                       machine.vcpus, machine.vcpus == 1 ? "" : "s", table.text());
}

} // namespace aliasvm::cli
