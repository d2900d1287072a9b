// SPDX-License-Identifier: Apache-2.0
// Bank by bank, and the way back where one fails.
#include "vmm/machine/dma_memory.hpp"

#include "common/base/error.hpp"
#include "devices/passthrough/passthrough_line.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace aliasvm::machine
{

namespace
{

/// Acts on each, or, where one fails, takes those before it back.
template <class Act, class Back>
void each_or_none(const std::vector<const MemoryBank*>& banks, Act&& act, Back&& back)
{
    auto bank = banks.begin();
    try
    {
        for (; bank != banks.end(); ++bank)
            act(**bank);
    }
    catch (...)
    {
        while (bank != banks.begin())
            devices::undo([&] { back(**--bank); });
        throw;
    }
}

/// The parts of a range that are in none of the others, which ascend.
std::vector<GuestRange> gaps(const GuestRange& range, const std::vector<GuestRange>& others)
{
    std::vector<GuestRange> found;
    std::uint64_t from = range.base.value;
    for (const GuestRange& other : others)
    {
        const auto common = intersection(range, other);
        if (!common)
            continue;
        if (common->base.value > from)
            found.push_back({GuestAddr{from}, common->base.value - from});
        from = common->last().value + 1;
    }
    if (from <= range.last().value)
        found.push_back({GuestAddr{from}, range.last().value - from + 1});
    return found;
}

} // namespace

DmaMemory::DmaMemory(const GuestMemory& memory, std::vector<GuestRange> holes)
    : holes_{std::move(holes)}
{
    for (const MemoryBank& bank : memory.banks())
    {
        if (bank.dma())
            banks_.push_back(&bank);
    }
}

void DmaMemory::require_reach(const vfio::PlatformDevice& device) const
{
    const std::vector<GuestRange> reachable = device.dma_reach();
    for (const MemoryBank* const bank : banks_)
    {
        for (const GuestRange& gap : gaps(bank->range(), reachable))
        {
            if (std::ranges::any_of(holes_, [&gap](const GuestRange& hole)
                                    { return hole.contains(gap.base, gap.size); }))
                continue;
            throw Error{ERANGE,
                        "give guest {:#x}..{:#x} to the DMA of {}: the IOMMU reserves it, and the "
                        "guest, which was not told so when it started, may have buffers there "
                        "(restart the VM with the device assigned to it)",
                        gap.base.value, gap.last().value, device.name()};
        }
    }
}

void DmaMemory::map(vfio::PlatformDevice& device) const
{
    require_reach(device);
    each_or_none(
        banks_, [&device](const MemoryBank& bank) { device.map_memory(bank.range(), bank.data()); },
        [&device](const MemoryBank& bank) { device.unmap_memory(bank.range()); });
}

void DmaMemory::unmap(vfio::PlatformDevice& device) const
{
    each_or_none(
        banks_, [&device](const MemoryBank& bank) { device.unmap_memory(bank.range()); },
        [&device](const MemoryBank& bank) { device.map_memory(bank.range(), bank.data()); });
}

} // namespace aliasvm::machine
