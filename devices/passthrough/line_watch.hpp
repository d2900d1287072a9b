// SPDX-License-Identifier: Apache-2.0
// LineWatch: who carries a level interrupt to the guest until it is known how the guest takes it.
#pragma once

#include "common/base/event_fd.hpp"
#include "common/base/spi.hpp"

#include <chrono>
#include <optional>

namespace aliasvm::devices
{

using WatchTime = std::chrono::steady_clock::time_point;

/// A line of the guest's GIC, while no vCPU is in the guest.
struct LineInGic
{
    Trigger trigger{}; ///< GICD_ICFGR
    bool pending{};    ///< GICD_ISPENDR
    bool active{};     ///< GICD_ISACTIVER: acknowledged, and no end of interrupt yet
};

/// What has two eventfds to be looked after, and a moment at which it wants to be called.
class Watched
{
public:
    virtual ~Watched() = default;

    /// One of its eventfds may be readable, or its moment may have come.
    virtual void serve(WatchTime now) noexcept = 0;
    [[nodiscard]] virtual std::optional<WatchTime> due() const noexcept = 0;
};

/// Main thread only.
class LineWatch
{
public:
    virtual ~LineWatch() = default;

    /// From now on `watched` is served soon after one of the two is readable, and soon after due().
    /// Both outlive remove(). Throws Error.
    virtual void add(Watched& watched, const EventFd& one, const EventFd& other) = 0;
    virtual void remove(Watched& watched, const EventFd& one, const EventFd& other) noexcept = 0;

    /// Costs the guest a pause of its vCPUs.
    [[nodiscard]] virtual LineInGic look(Spi line) noexcept = 0;
    /// It was found that the guest has a level line as edge; for the log.
    virtual void found_edge(Spi line) noexcept = 0;
};

} // namespace aliasvm::devices
