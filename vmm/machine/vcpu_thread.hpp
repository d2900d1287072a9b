// SPDX-License-Identifier: Apache-2.0
// VcpuThread: one thread in KVM_RUN.
#pragma once

#include "common/kvm/port.hpp"
#include "vmm/machine/exit.hpp"
#include "vmm/machine/guest_space.hpp"
#include "vmm/machine/notices.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

namespace aliasvm::machine
{

/// A vCPU's thread, there from construction to destruction. It comes paused, and enters KVM_RUN
/// for the first time after resume(); from then on it runs the vCPU until the machine ends. It
/// talks to the rest of the process through the bus and the notices alone. Everything that the vCPU
/// needs (memory slots, interrupt lines) must be ready before, and stay until this object is gone
/// or is paused.
///
/// Threads: every member but the destructor from any thread.
class VcpuThread
{
public:
    VcpuThread(kvm::VcpuIndex index, kvm::Vcpu& vcpu, GuestSpace& space, Notices& notices);
    ~VcpuThread();
    VcpuThread(const VcpuThread&) = delete;
    VcpuThread& operator=(const VcpuThread&) = delete;

    /// Asks the thread to leave the guest for good, without waiting for it. Stronger than a pause.
    void request_stop() noexcept;

    /// Asks the thread to leave the guest until resume(), without waiting for it. Twice is once.
    void request_pause() noexcept;
    /// Between request_pause() and resume(): returns once the vCPU is not in the guest. A thread
    /// that has come to its end is not, and never will be.
    void wait_until_paused() noexcept;
    void resume() noexcept;

    /// While all vCPUs of the machine are paused: does what the last exit has left for this moment
    /// (Notices::wants_stillness()). Until then the thread does not go back into the guest, resumed
    /// or not. Nothing if there is nothing.
    void finish_exit() noexcept;

private:
    /// The transitions, and there is no other; a thread begins in `paused`:
    ///
    ///              request_pause()           the thread is out of KVM_RUN
    ///     running ----------------> pausing -----------------------------> paused
    ///        ^                         |                                     |
    ///        +-------- resume() -------+-------------- resume() -------------+
    ///
    /// The thread waits in `paused` alone, and a stop ends that wait. Once it is stopping, or over,
    /// it takes no further part: it never becomes `paused` again.
    ///
    /// An exit that is left for later holds the thread before KVM_RUN in any state.
    enum class State : std::uint8_t
    {
        running,
        pausing,
        paused,
    };

    void run() noexcept;
    [[nodiscard]] bool held() const noexcept { return state_ != State::running || left_; }
    [[nodiscard]] bool may_run() noexcept;
    void tell_wishes() noexcept;

    Exited exited_;

    std::atomic<bool> wished_for_{true}; ///< stop_ or held(): spares each exit the lock
    std::mutex mutex_;
    std::condition_variable changed_;
    State state_{State::paused}; ///< the rest under mutex_
    std::optional<WhenStill> left_;
    bool stop_{};
    bool over_{};

    std::thread thread_; ///< last: runs only once the rest is there
};

} // namespace aliasvm::machine
