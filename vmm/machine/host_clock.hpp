// SPDX-License-Identifier: Apache-2.0
// HostClock: the host's time of day for an emulated clock.
#pragma once

#include "common/base/unique_fd.hpp"
#include "devices/emulated/wall_clock.hpp"

#include <optional>

namespace aliasvm::machine
{

/// CLOCK_REALTIME and one timer on it, which is nothing but read: a guest that sets its clock does
/// not set the host's. Threads as WallClock says, woken() on the main thread.
class HostClock final : public devices::WallClock
{
public:
    /// Throws Error.
    HostClock();

    /// Readable when the device is to be woken.
    [[nodiscard]] int descriptor() const noexcept { return timer_.get(); }
    /// The device is being woken for this.
    void woken() noexcept;

    [[nodiscard]] Time now() noexcept override;
    void wake_at(std::optional<Time> time) noexcept override;

private:
    UniqueFd timer_;
};

} // namespace aliasvm::machine
