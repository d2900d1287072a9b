// SPDX-License-Identifier: Apache-2.0
// From device tree nodes to typed instances.
#include "common/plan/catalogue.hpp"

#include "common/base/error.hpp"

#include <algorithm>
#include <cerrno>
#include <map>

namespace aliasvm::plan
{

namespace
{

// Binding arm,gic.yaml: cells of one interrupt and the values of the first and the third.
constexpr std::size_t interrupt_cells = 3;
constexpr std::uint32_t type_spi = 0;
constexpr std::uint32_t flag_edge_rising = 1;
constexpr std::uint32_t flag_level_high = 4;

[[noreturn]] void fail(const fdt::Node& node, std::string_view why)
{
    throw Error{EINVAL, "read {} of the catalogue: {}", node.path(), why};
}

void read_windows(const fdt::Node& node, Instance& instance)
{
    for (const fdt::Reg& reg : node.reg())
    {
        const HostRange window{HostAddr{reg.address}, reg.size};
        if (reg.size == 0 || !window.valid())
            fail(node, "a window of reg is empty or beyond the address space");
        instance.windows.push_back(window);
    }
    if (instance.windows.empty())
        fail(node, "it has no reg");
}

void read_lines(const fdt::Node& node, Instance& instance)
{
    const std::vector<std::uint32_t> cells = node.cells("interrupts");
    if (cells.size() % interrupt_cells != 0)
        fail(node, "interrupts should have three cells each");
    for (std::size_t at = 0; at < cells.size(); at += interrupt_cells)
    {
        const auto spi = Spi::from_dt_cell(cells[at + 1]);
        const std::uint32_t flags = cells[at + 2];
        if (cells[at] != type_spi || !spi ||
            (flags != flag_edge_rising && flags != flag_level_high))
            fail(node, "interrupts should be <0 SPI 4> (level high) or <0 SPI 1> (rising edge)");
        auto& lines = instance.lines;
        auto line = std::ranges::find(lines, *spi, &InstanceLine::spi);
        if (line == lines.end())
        {
            lines.push_back({*spi, flags == flag_edge_rising ? Trigger::edge : Trigger::level,
                             static_cast<std::uint32_t>(at / interrupt_cells)});
            line = lines.end() - 1;
        }
        instance.interrupt.push_back(static_cast<std::uint32_t>(line - lines.begin()));
    }
}

/// The host's name of each of the firmware's clocks.
using ClockNames = std::map<std::uint32_t, std::string>;

ClockNames clock_names(const fdt::Tree& tree)
{
    const auto node = tree.find("/firmware-clocks");
    if (!node)
        return {};
    const std::vector<std::uint32_t> ids = node->cells("aliasvm,ids");
    const std::vector<std::string> names = node->strings("clock-output-names");
    if (ids.size() != names.size())
        fail(*node, "aliasvm,ids and clock-output-names should be as many");
    ClockNames found;
    for (std::size_t at = 0; at < ids.size(); ++at)
        found.emplace(ids[at], names[at]);
    return found;
}

void read_clocks(const fdt::Tree& tree, const fdt::Node& node, const ClockNames& host_names,
                 Instance& instance)
{
    const std::vector<std::string> names = node.strings("clock-names");
    const std::vector<std::uint32_t> ids = node.cells("aliasvm,firmware-clocks");
    for (const std::uint32_t phandle : node.cells("clocks"))
    {
        const auto clock = tree.find_phandle(phandle);
        if (!clock)
            fail(node, "clocks points at nothing");
        const std::size_t index = instance.clocks.size();
        Clock& added = instance.clocks.emplace_back();
        added.name = index < names.size() ? names[index] : "";
        added.hertz = clock->cell("clock-frequency");
        if (index >= ids.size())
            continue;
        added.firmware_id = ids[index];
        if (const auto found = host_names.find(ids[index]); found != host_names.end())
            added.host_name = found->second;
    }
    if (!names.empty() && names.size() != instance.clocks.size())
        fail(node, "clocks and clock-names should be as many");
    if (!ids.empty() && ids.size() != instance.clocks.size())
        fail(node, "clocks and aliasvm,firmware-clocks should be as many");
}

std::optional<std::uint32_t> optional_cell(const fdt::Node& node, const char* property)
{
    return node.has(property) ? std::optional{node.cell(property)} : std::nullopt;
}

Instance read_instance(const fdt::Tree& tree, const fdt::Node& node, const ClockNames& host_names)
{
    Instance instance;
    instance.name = node.string("aliasvm,name");
    instance.node = node.path();
    instance.compatible = node.strings("compatible");
    if (instance.compatible.empty())
        fail(node, "it has no compatible");
    read_windows(node, instance);
    read_lines(node, instance);
    read_clocks(tree, node, host_names, instance);
    instance.sysname = fmt::format("{:x}.{}", instance.windows.front().base.value, node.stem());
    instance.stream_id = optional_cell(node, "aliasvm,stream-id");
    instance.firmware = {optional_cell(node, "aliasvm,firmware-node"),
                         optional_cell(node, "aliasvm,firmware-reset")};
    return instance;
}

std::vector<fdt::Reg> gic_windows(const fdt::Tree& tree)
{
    for (const fdt::Node& node : tree.root().children())
    {
        if (!node.has("interrupt-controller"))
            continue;
        if (node.reg().size() != 2)
            fail(node, "reg should be the distributor and the CPU interface");
        return node.reg();
    }
    throw Error{EINVAL, "read the catalogue: no interrupt-controller below the root"};
}

std::vector<GuestRange> memory_ranges(const fdt::Tree& tree)
{
    const auto node = tree.find("/memory");
    std::vector<GuestRange> ranges;
    for (const fdt::Reg& reg : node ? node->reg() : std::vector<fdt::Reg>{})
        ranges.push_back({GuestAddr{reg.address}, reg.size});
    const auto good = [](const GuestRange& range)
    {
        return range.size != 0 && range.valid() && page_aligned(range.base.value) &&
               page_aligned(range.size);
    };
    if (ranges.empty() || !std::ranges::all_of(ranges, good))
        throw Error{EINVAL, "read the catalogue: no memory of whole pages below the root"};
    std::ranges::sort(ranges, {}, &GuestRange::base);
    return ranges;
}

std::optional<GuestRange> on_chip_memory(const fdt::Tree& tree)
{
    for (const fdt::Node& node : tree.root().children())
    {
        if (!node.has("compatible") || node.strings("compatible").front() != "mmio-sram")
            continue;
        const std::vector<fdt::Reg> reg = node.reg();
        if (reg.size() != 1)
            fail(node, "reg should be one range");
        const GuestRange range{GuestAddr{reg[0].address}, reg[0].size};
        if (!range.valid() || !page_aligned(range.base.value) || !page_aligned(range.size))
            fail(node, "reg should be of whole pages");
        return range;
    }
    return std::nullopt;
}

/// Null if there is none.
const Instance* find_by(const std::vector<Instance>& instances, std::string Instance::*what,
                        std::string_view value)
{
    const auto found = std::ranges::find(instances, value, what);
    return found == instances.end() ? nullptr : &*found;
}

} // namespace

bool Instance::is(std::string_view compatible_string) const
{
    return std::ranges::find(compatible, compatible_string) != compatible.end();
}

Catalogue::Catalogue(std::vector<std::byte> blob, std::string_view what)
    : blob_{std::move(blob)}, tree_{blob_, what}
{
    const std::vector<fdt::Reg> gic = gic_windows(tree_);
    gic_distributor_ = {GuestAddr{gic[0].address}, gic[0].size};
    gic_cpu_interface_ = {GuestAddr{gic[1].address}, gic[1].size};
    memory_ = memory_ranges(tree_);
    ocm_ = on_chip_memory(tree_);
    const ClockNames host_names = clock_names(tree_);

    for (const fdt::Node& bus : tree_.root().children())
    {
        for (const fdt::Node& node : bus.children())
        {
            if (!node.has("aliasvm,name"))
                continue;
            Instance instance = read_instance(tree_, node, host_names);
            if (find_identity(instance.name) != nullptr)
                fail(node, "another node has the same aliasvm,name");
            auto& kind = node.has("aliasvm,emulated") ? emulated_ : instances_;
            kind.push_back(std::move(instance));
        }
    }
}

const Instance* Catalogue::find(std::string_view name) const
{
    return find_by(instances_, &Instance::name, name);
}

const Instance* Catalogue::find_sysname(std::string_view sysname) const
{
    return find_by(instances_, &Instance::sysname, sysname);
}

const Instance* Catalogue::find_identity(std::string_view name) const
{
    const Instance* const instance = find(name);
    return instance != nullptr ? instance : find_by(emulated_, &Instance::name, name);
}

const Instance* Catalogue::find_node(std::string_view node) const
{
    const Instance* const instance = find_by(instances_, &Instance::node, node);
    return instance != nullptr ? instance : find_by(emulated_, &Instance::node, node);
}

} // namespace aliasvm::plan
