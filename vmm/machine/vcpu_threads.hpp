// SPDX-License-Identifier: Apache-2.0
// VcpuThreads: all vCPUs of one machine, run and held together.
#pragma once

#include "vmm/machine/vcpu_thread.hpp"

#include <chrono>
#include <deque>

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
    void add(kvm::VcpuIndex index, kvm::Vcpu& vcpu, MmioBus& bus, Notices& notices);

    /// Returns once no vCPU is in the guest. Twice is once.
    void pause();
    void resume();
    [[nodiscard]] bool paused() const noexcept { return paused_; }

    /// Does `act` while no vCPU is in the guest, also if they are paused already; afterwards they
    /// are what they were. Throws what `act` throws. The time that they stood still because of
    /// this: 0 if they were paused.
    template <class Act>
    std::chrono::microseconds while_still(Act&& act);

private:
    std::deque<VcpuThread> threads_;
    bool paused_{true};
};

template <class Act>
std::chrono::microseconds VcpuThreads::while_still(Act&& act)
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
        pause();
        act();
    }
    return std::chrono::ceil<std::chrono::microseconds>(Clock::now() - start);
}

} // namespace aliasvm::machine
