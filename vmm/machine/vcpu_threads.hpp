// SPDX-License-Identifier: Apache-2.0
// VcpuThreads: all vCPUs of one machine, run and held together.
#pragma once

#include "common/base/guest_clock.hpp"
#include "vmm/machine/vcpu_thread.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace aliasvm::machine
{

/// Main thread only.
class VcpuThreads
{
public:
    VcpuThreads() = default;
    ~VcpuThreads(); ///< stops and joins all
    VcpuThreads(const VcpuThreads&) = delete;
    VcpuThreads& operator=(const VcpuThreads&) = delete;

    /// One vCPU more, and its thread. Before the first resume(), until which all are paused; for
    /// the rest see VcpuThread.
    void add(kvm::VcpuIndex index, kvm::Vcpu& vcpu, GuestSpace& space, Notices& notices);

    /// Returns once no vCPU is in the guest. Twice is once. The clock is as the last call says.
    void pause(GuestClock clock);
    void resume();
    [[nodiscard]] bool paused() const noexcept { return paused_; }

    /// Does `act` while no vCPU is in the guest, also if they are paused already; afterwards they
    /// are what they were. Throws what `act` throws. The time that they stood still because of
    /// this: 0 if they were paused, whose clock is then left as it is. A clock that is made to
    /// stand falls behind the host's each time: it is for what takes long, or is seldom.
    template <class Act>
    std::chrono::microseconds while_still(GuestClock clock, Act&& act);

    /// What vCPUs' exits have left for a moment in which all of them stand still.
    void finish_exits();

private:
    kvm::Vcpu* first_{}; ///< whose clock is that of all
    std::deque<VcpuThread> threads_;
    bool paused_{true};
    std::optional<std::uint64_t> clock_; ///< to go on from, if it stands
};

template <class Act>
std::chrono::microseconds VcpuThreads::while_still(GuestClock clock, Act&& act)
{
    using Clock = std::chrono::steady_clock;
    if (paused_)
    {
        act();
        return {};
    }
    struct Resume
    {
        VcpuThreads& threads;
        ~Resume() { threads.resume(); }
    };
    const auto start = Clock::now();
    {
        const Resume at_the_end{*this};
        pause(clock);
        act();
    }
    return std::chrono::ceil<std::chrono::microseconds>(Clock::now() - start);
}

} // namespace aliasvm::machine
