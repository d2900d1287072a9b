// SPDX-License-Identifier: Apache-2.0
// Sizes into ranges.
#include "common/plan/memory_layout.hpp"

#include "common/plan/units.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

/// For a check, which does not know the host's: above what low_memory mostly is.
constexpr std::uint64_t example_start = 0x1000'0000;

/// `size` bytes of the ranges from `start` on; less if they have not as much.
std::vector<GuestRange> fill(const std::vector<GuestRange>& ranges, std::uint64_t start,
                             std::uint64_t size)
{
    std::vector<GuestRange> filled;
    for (const GuestRange& range : ranges)
    {
        const std::uint64_t base = std::max(range.base.value, start);
        if (size == 0 || base > range.last().value)
            continue;
        const std::uint64_t part = std::min(size, range.last().value - base + 1);
        filled.push_back({GuestAddr{base}, part});
        size -= part;
    }
    return filled;
}

std::uint64_t total(const std::vector<GuestRange>& ranges)
{
    std::uint64_t sum = 0;
    for (const GuestRange& range : ranges)
        sum += range.size;
    return sum;
}

/// Whether a key's size can be had in pieces of `unit` out of `most`.
bool check_size(const char* key, const Located<std::uint64_t>& size, std::uint64_t unit,
                std::uint64_t most, Problems& problems)
{
    const auto [bytes, at] = size;
    if (bytes % unit != 0)
    {
        const std::uint64_t less = bytes / unit * unit;
        problems.push_back(
            {at,
             fmt::format("{} is {} bytes, no multiple of {}", key, bytes,
                         unit == hugepage_size ? std::string{"the 2 MiB of a hugepage"}
                                               : fmt::format("the page size {}", unit)),
             fmt::format("write {} = \"{}\"", key,
                         less == 0 ? std::string{"128M"} : size_text(less))});
        return false;
    }
    if (bytes > most)
    {
        problems.push_back({at,
                            fmt::format("{} is {}, but the SoC has room for {}", key,
                                        size_text(bytes), size_text(most)),
                            fmt::format("write {} = \"{}\" or less", key, size_text(most))});
        return false;
    }
    return true;
}

/// The pieces as they lie in the file, then by their addresses, joined where both go on.
std::vector<Bank> identity_banks(const std::vector<GuestRange>& pieces)
{
    std::vector<Bank> banks;
    std::uint64_t offset = 0;
    for (const GuestRange& piece : pieces)
    {
        banks.push_back({piece, true, offset});
        offset += piece.size;
    }
    std::ranges::sort(banks, {}, [](const Bank& bank) { return bank.range.base; });
    std::vector<Bank> joined;
    for (const Bank& bank : banks)
    {
        if (!joined.empty() &&
            joined.back().range.base + joined.back().range.size == bank.range.base &&
            *joined.back().offset + joined.back().range.size == *bank.offset)
            joined.back().range.size += bank.range.size;
        else
            joined.push_back(bank);
    }
    return joined;
}

void add_ocm(const Config& config, const Catalogue& catalogue, const HostFacts& facts,
             MemoryLayout& layout, Problems& problems)
{
    if (!config.ocm.value)
        return;
    if (!catalogue.ocm())
    {
        problems.push_back(
            {config.ocm.at, "this SoC has no on-chip memory that is known", "take the line out"});
        return;
    }
    const GuestRange& range = *catalogue.ocm();
    const bool reserved = std::ranges::any_of(facts.dma_holes, [&range](const GuestRange& hole)
                                              { return hole.overlaps(range); });
    layout.ocm = Bank{range, config.dma.value == Dma::iommu && !reserved, std::nullopt};
}

MemoryLayout lay_out_identity(const Config& config, const Catalogue& catalogue,
                              const HostFacts& facts, std::uint64_t page, Problems& problems)
{
    const std::uint64_t low = config.low_memory ? config.low_memory->value : 0;
    const std::uint64_t start = std::max(example_start, align_up(low, hugepage_size));
    const auto room = fill(catalogue.memory(), start, total(catalogue.memory()));
    bool good = check_size("memory", *config.memory, hugepage_size, total(room), problems);
    if (config.low_memory)
        good = check_size("low_memory", *config.low_memory, page, catalogue.memory().front().size,
                          problems) &&
               good;
    if (!good)
        return {};

    MemoryLayout layout;
    layout.example = facts.identity_banks.empty();
    layout.banks = identity_banks(layout.example ? fill(room, start, config.memory->value)
                                                 : facts.identity_banks);
    if (low != 0)
    {
        const GuestRange range{{}, low};
        layout.banks.insert(layout.banks.begin(), Bank{range, false, std::nullopt});
        layout.holes.push_back(range);
    }
    add_ocm(config, catalogue, facts, layout, problems);
    return layout;
}

} // namespace

MemoryLayout lay_out_memory(const Config& config, const Catalogue& catalogue,
                            const HostFacts& facts, Problems& problems)
{
    const std::uint64_t page = std::max(facts.host_page_size, page_size);
    if (!config.memory)
        return {};
    if (config.dma.value == Dma::identity)
        return lay_out_identity(config, catalogue, facts, page, problems);

    if (!check_size("memory", *config.memory, page, total(catalogue.memory()), problems))
        return {};
    MemoryLayout layout;
    for (const GuestRange& range : fill(catalogue.memory(), 0, config.memory->value))
    {
        layout.banks.push_back({range, true, std::nullopt});
        for (const GuestRange& hole : facts.dma_holes)
        {
            if (const auto part = intersection(hole, range))
                layout.holes.push_back(*part);
        }
    }
    add_ocm(config, catalogue, facts, layout, problems);
    return layout;
}

} // namespace aliasvm::plan
