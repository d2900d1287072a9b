// SPDX-License-Identifier: Apache-2.0
// A sorted vector of windows; a binary search for each access.
#include "vmm/machine/mmio_bus.hpp"

#include "common/base/error.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace aliasvm::machine
{

void MmioBus::add(const GuestRange& window, std::string name, devices::MmioDevice& device)
{
    for (const Entry& other : entries_)
    {
        if (other.window.overlaps(window))
            throw Error{EEXIST,
                        "put {} at guest {:#x}+{:#x}, where {} is at {:#x}+{:#x}",
                        name,
                        window.base.value,
                        window.size,
                        other.name,
                        other.window.base.value,
                        other.window.size};
    }
    const auto after = std::ranges::upper_bound(entries_, window.base, {},
                                                [](const Entry& e) { return e.window.base; });
    entries_.insert(after, Entry{window, std::move(name), &device});
}

bool MmioBus::read(GuestAddr at, std::uint8_t width, std::uint64_t& value) noexcept
{
    const Entry* const entry = find(at, width);
    if (entry == nullptr)
    {
        unmapped_reads_.fetch_add(1, std::memory_order_relaxed);
        value = 0;
        return false;
    }
    value = entry->device->read(at - entry->window.base, width);
    return true;
}

bool MmioBus::write(GuestAddr at, std::uint8_t width, std::uint64_t value) noexcept
{
    const Entry* const entry = find(at, width);
    if (entry == nullptr)
    {
        unmapped_writes_.fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    entry->device->write(at - entry->window.base, width, value);
    return true;
}

const MmioBus::Entry* MmioBus::find(GuestAddr at, std::uint8_t width) const noexcept
{
    const auto after =
        std::ranges::upper_bound(entries_, at, {}, [](const Entry& e) { return e.window.base; });
    if (after == entries_.begin())
        return nullptr;
    const Entry& entry = *std::prev(after);
    return entry.window.contains(at, width) ? &entry : nullptr;
}

} // namespace aliasvm::machine
