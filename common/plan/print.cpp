// SPDX-License-Identifier: Apache-2.0
// The table of --check, and shorter forms.
#include "common/plan/print.hpp"

#include "common/plan/units.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace aliasvm::plan
{

namespace
{

const char* backing_text(Backing backing)
{
    switch (backing)
    {
    case Backing::instance:
        return "instance";
    case Backing::console:
        return "console";
    case Backing::power_key:
        return "power-key";
    case Backing::clock:
        return "clock";
    case Backing::none:
        break;
    }
    return "nothing";
}

const char* kind_text(ImageKind kind)
{
    switch (kind)
    {
    case ImageKind::elf:
        return "ELF";
    case ImageKind::arm64_image:
        return "arm64 Image";
    case ImageKind::raw:
        break;
    }
    return "raw";
}

std::string host_text(const AliasPlan& alias, const Window& window)
{
    return window.host ? fmt::format("{} {}", alias.sysname, range_text(*window.host))
                       : std::string{backing_text(alias.backing)};
}

std::string host_text(const AliasPlan& alias, const Line& line)
{
    return line.host ? spi_text(*line.host) : std::string{backing_text(alias.backing)};
}

/// Rows of a first column, padded to the longest, and the rest.
class Table
{
public:
    void row(std::string what, const std::string& host, const std::string& guest,
             const std::string& more = "")
    {
        width_ = std::max(width_, what.size());
        rows_.emplace_back(std::move(what), fmt::format("[{}] -> [{}]{}{}", host, guest,
                                                        more.empty() ? "" : " ", more));
    }

    [[nodiscard]] std::string text() const
    {
        std::string all;
        for (const auto& [what, rest] : rows_)
            all += fmt::format("{:{}}  {}\n", what, width_, rest);
        return all;
    }

private:
    std::vector<std::pair<std::string, std::string>> rows_;
    std::size_t width_{};
};

const char* dma_text(Dma dma)
{
    switch (dma)
    {
    case Dma::iommu:
        return "DMA";
    case Dma::identity:
        return "DMA, not confined";
    case Dma::none:
        break;
    }
    return "";
}

void add_memory(const VmPlan& plan, Table& table)
{
    for (const Bank& bank : plan.memory)
    {
        const std::string size = size_text(bank.range.size);
        if (bank.offset)
            table.row("memory", "hugepages " + size, range_text(bank.range),
                      plan.example_place ? "for example: the host decides" : "host-physical");
        else
            table.row("memory", "RAM " + size, range_text(bank.range));
    }
    if (plan.ocm)
        table.row("ocm", "RAM " + size_text(plan.ocm->range.size), range_text(plan.ocm->range));
    for (const GuestRange& hole : plan.dma_holes)
        table.row("memory", "no DMA", range_text(hole));
}

void add_images(const VmPlan& plan, Table& table)
{
    for (const Segment& segment : plan.kernel.segments)
        table.row("kernel",
                  fmt::format("{} 0x{:x}+0x{:x}", plan.kernel.file, segment.file_offset,
                              segment.file_size),
                  range_text(segment.memory),
                  fmt::format("{}{}, entry 0x{:08x}", kind_text(plan.kernel.kind),
                              plan.kernel.unpacked_size ? " out of gzip" : "",
                              plan.kernel.entry.value));
    if (plan.initrd)
        table.row("initrd", plan.initrd->file, range_text(plan.initrd->memory));
    table.row("dtb", plan.dtb.file.value_or("generated"), range_text(plan.dtb.memory));
}

void add_alias(const AliasPlan& alias, Table& table)
{
    for (const Window& window : alias.windows)
        table.row(alias.name, host_text(alias, window), range_text(window.guest),
                  dma_text(alias.dma));
    for (const Line& line : alias.lines)
        table.row(alias.name, host_text(alias, line), spi_text(line.guest),
                  line.trigger == Trigger::level ? "level" : "edge");
    if (alias.ethernet)
        table.row(alias.name, "MAC address", mac_text(alias.ethernet->mac),
                  alias.ethernet->phy ? fmt::format("PHY {}", *alias.ethernet->phy)
                                      : std::string{"fixed link"});
}

} // namespace

template <class Addr>
std::string range_text(const Range<Addr>& range)
{
    return fmt::format("0x{:08x}+0x{:x}", range.base.value, range.size);
}

template std::string range_text(const GuestRange& range);
template std::string range_text(const HostRange& range);

std::string banks_text(const std::vector<Bank>& banks)
{
    std::vector<std::string> texts;
    for (const Bank& bank : banks)
        texts.push_back(fmt::format("[{}]", range_text(bank.range)));
    return fmt::format("{}", fmt::join(texts, ", "));
}

std::string spi_text(Spi spi)
{
    return fmt::format("SPI {} INTID {}", spi.dt_cell(), spi.intid());
}

std::string plan_text(const VmPlan& plan)
{
    Table table;
    add_memory(plan, table);
    add_images(plan, table);
    table.row("gic", "distributor", range_text(plan.gic_distributor));
    table.row("gic", "CPU interface", range_text(plan.gic_cpu_interface));
    for (const AliasPlan& alias : plan.aliases)
        add_alias(alias, table);
    return fmt::format("VM {}: {} vCPU{}, {} s from the power key to the forced end\n{}",
                       plan.name.str(), plan.vcpus, plan.vcpus == 1 ? "" : "s",
                       plan.stop_timeout.count(), table.text());
}

std::string binding_text(const AliasPlan& alias)
{
    if (alias.backing == Backing::instance)
        return fmt::format("{}={}({})", alias.name, alias.instance, alias.sysname);
    return fmt::format("{}={}", alias.name, backing_text(alias.backing));
}

std::string bindings_text(const std::vector<AliasPlan>& aliases)
{
    std::vector<std::string> all;
    for (const AliasPlan& alias : aliases)
        all.push_back(binding_text(alias));
    return fmt::format("{}", fmt::join(all, " "));
}

} // namespace aliasvm::plan
