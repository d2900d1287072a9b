// SPDX-License-Identifier: Apache-2.0
// The replay ring's memory order.
#include "devices/emulated/replay_ring.hpp"

#include <algorithm>

namespace aliasvm::devices
{

void ReplayRing::write(std::span<const std::byte> bytes) noexcept
{
    std::uint64_t at = end_.load(std::memory_order_relaxed);
    // Claim before the first byte: each cell is stored with release, so that a reader who sees a
    // new byte in an old place also sees the claim.
    claimed_.store(at + bytes.size(), std::memory_order_relaxed);
    for (const std::byte value : bytes)
        cells_[at++ % capacity].store(value, std::memory_order_release);
    end_.store(at, std::memory_order_release);
}

std::uint64_t ReplayRing::oldest() const noexcept
{
    return oldest_before(end());
}

std::uint64_t ReplayRing::end() const noexcept
{
    return end_.load(std::memory_order_acquire);
}

ReplayRing::Taken ReplayRing::read(std::uint64_t& position,
                                   std::span<std::byte> into) const noexcept
{
    const std::uint64_t last = end();
    const std::uint64_t first = std::clamp(position, oldest_before(last), last);
    const auto copied =
        static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), last - first));
    for (std::size_t i = 0; i < copied; ++i)
        into[i] = cells_[(first + i) % capacity].load(std::memory_order_acquire);

    // What the writer has claimed meanwhile may have been copied as new bytes in old places.
    const std::uint64_t intact = oldest_before(claimed_.load(std::memory_order_relaxed));
    const auto overrun = static_cast<std::size_t>(
        intact > first ? std::min<std::uint64_t>(intact - first, copied) : 0);
    std::copy(into.begin() + static_cast<std::ptrdiff_t>(overrun),
              into.begin() + static_cast<std::ptrdiff_t>(copied), into.begin());

    const std::uint64_t kept = first + overrun;
    const Taken taken{copied - overrun, kept > position ? kept - position : 0};
    position = first + copied;
    return taken;
}

std::uint64_t ReplayRing::oldest_before(std::uint64_t end) noexcept
{
    return end > capacity ? end - capacity : 0;
}

} // namespace aliasvm::devices
