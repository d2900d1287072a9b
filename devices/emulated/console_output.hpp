// SPDX-License-Identifier: Apache-2.0
// ConsoleOutput: what the vCPU threads see of the console.
#pragma once

#include "common/base/event_fd.hpp"
#include "devices/emulated/replay_ring.hpp"
#include "devices/emulated/uart_sink.hpp"

#include <atomic>
#include <cstddef>
#include <span>

namespace aliasvm::devices
{

/// A ring to write to and a bell to ring, once until the
/// main loop has come. Comes before the UART, which needs it, and outlives it.
class ConsoleOutput final : public UartSink
{
public:
    void put(std::span<const std::byte> bytes) noexcept override;
    void attention() noexcept override;

    [[nodiscard]] const ReplayRing& ring() const noexcept { return ring_; }
    /// Readable when something has happened.
    [[nodiscard]] const EventFd& event() const noexcept { return event_; }
    /// Call before looking at what has happened: whatever comes later signals again.
    void acknowledge() noexcept;

private:
    ReplayRing ring_;
    EventFd event_;
    std::atomic<bool> signalled_{};
};

} // namespace aliasvm::devices
