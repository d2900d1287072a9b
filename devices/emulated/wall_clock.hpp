// SPDX-License-Identifier: Apache-2.0
// WallClock: the time of day as an emulated clock gets it, and who wakes it.
#pragma once

#include <chrono>
#include <optional>

namespace aliasvm::devices
{

/// Any thread; called under the device's lock. Never throws, never blocks, never calls the device.
class WallClock
{
public:
    /// Since 1970, without leap seconds. It can jump, either way: people set clocks.
    using Time = std::chrono::nanoseconds;

    virtual ~WallClock() = default;

    [[nodiscard]] virtual Time now() noexcept = 0;

    /// To be woken once now() has come to `time`, and at once when somebody sets the clock, since
    /// the time may then have come, or be further away. Instead of what was asked for before;
    /// nothing: not at all.
    virtual void wake_at(std::optional<Time> time) noexcept = 0;
};

} // namespace aliasvm::devices
