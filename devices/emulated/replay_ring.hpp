// SPDX-License-Identifier: Apache-2.0
// ReplayRing: the last 64 KiB of a console, for readers who come late or fall behind.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace aliasvm::devices
{

/// Every byte ever written has a position, counted from 0. The ring holds the last `capacity` of
/// them. A reader is nothing but a position; the ring does not know its readers and never waits
/// for one: who falls behind loses the oldest bytes and learns how many.
///
/// Threads: one writer at a time, any number of readers meanwhile. There is no lock: a reader
/// copies first and looks afterwards how much of that the writer has run over.
class ReplayRing
{
public:
    static constexpr std::size_t capacity = 64 * 1024;

    struct Taken
    {
        std::size_t count;     ///< bytes copied, from the front
        std::uint64_t dropped; ///< bytes between the reader's position and the first one copied
    };

    /// Never blocks.
    void write(std::span<const std::byte> bytes) noexcept;

    /// Position of the oldest byte held, and of the next one to be written.
    [[nodiscard]] std::uint64_t oldest() const noexcept;
    [[nodiscard]] std::uint64_t end() const noexcept;

    /// Copies from `position` on and moves it behind what was copied or dropped.
    [[nodiscard]] Taken read(std::uint64_t& position, std::span<std::byte> into) const noexcept;

private:
    using Cell = std::atomic<std::byte>;
    static_assert(Cell::is_always_lock_free);

    [[nodiscard]] static std::uint64_t oldest_before(std::uint64_t end) noexcept;

    std::array<Cell, capacity> cells_{};
    std::atomic<std::uint64_t> claimed_{}; ///< end of what is being or has been overwritten
    std::atomic<std::uint64_t> end_{};
};

} // namespace aliasvm::devices
