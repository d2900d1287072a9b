// SPDX-License-Identifier: Apache-2.0
// The loop around KVM_RUN.
#include "vmm/machine/vcpu_thread.hpp"

#include "vmm/machine/exit.hpp"

#include <pthread.h>

#include <csignal>
#include <cstdio>

namespace aliasvm::machine
{

namespace
{

/// Signals for the process go to the main loop, which waits for them; a vCPU thread takes only
/// the one that kicks it, which the KVM port sends to it by name.
class ProcessSignalsBlocked
{
public:
    ProcessSignalsBlocked()
    {
        sigset_t set;
        sigemptyset(&set);
        for (const int signal : {SIGTERM, SIGINT, SIGHUP})
            sigaddset(&set, signal);
        pthread_sigmask(SIG_BLOCK, &set, &before_);
    }
    ~ProcessSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    ProcessSignalsBlocked(const ProcessSignalsBlocked&) = delete;
    ProcessSignalsBlocked& operator=(const ProcessSignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

std::thread start(auto body)
{
    const ProcessSignalsBlocked inherited_by_the_thread;
    return std::thread{body};
}

} // namespace

VcpuThread::VcpuThread(kvm::VcpuIndex index, kvm::Vcpu& vcpu, GuestSpace& space, Notices& notices)
    : exited_{index, vcpu, space, notices}, thread_{start([this] { run(); })}
{
}

VcpuThread::~VcpuThread()
{
    request_stop();
    thread_.join();
}

/// Under the lock, after every change.
void VcpuThread::tell_wishes() noexcept
{
    wished_for_.store(stop_ || held(), std::memory_order_release);
    changed_.notify_all();
}

// The order matters in the next two: a kick that comes before the wish would be spent on one more
// run.

void VcpuThread::request_stop() noexcept
{
    {
        const std::lock_guard lock{mutex_};
        stop_ = true;
        tell_wishes();
    }
    exited_.vcpu.kick();
}

void VcpuThread::request_pause() noexcept
{
    {
        const std::lock_guard lock{mutex_};
        if (state_ != State::running)
            return;
        state_ = State::pausing;
        tell_wishes();
    }
    exited_.vcpu.kick();
}

void VcpuThread::wait_until_paused() noexcept
{
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return state_ == State::paused || over_; });
}

void VcpuThread::resume() noexcept
{
    const std::lock_guard lock{mutex_};
    state_ = State::running;
    tell_wishes();
}

/// Out of KVM_RUN, before the next one: false if there is to be none.
bool VcpuThread::may_run() noexcept
{
    if (!wished_for_.load(std::memory_order_acquire))
        return true;
    std::unique_lock lock{mutex_};
    // Again and again: between resume() and this thread's waking there may be the next pause.
    while (held() && !stop_)
    {
        if (state_ == State::pausing)
            state_ = State::paused;
        tell_wishes();
        changed_.wait(lock, [this] { return stop_ || !held() || state_ == State::pausing; });
    }
    return !stop_;
}

void VcpuThread::finish_exit() noexcept
{
    std::optional<WhenStill> left;
    {
        const std::lock_guard lock{mutex_};
        left = left_;
    }
    if (!left)
        return;
    const Next next = machine::finish_exit(*left, exited_);
    const auto* const end = std::get_if<End>(&next);
    if (end != nullptr)
        exited_.notices.end(*end);
    const std::lock_guard lock{mutex_};
    left_.reset();
    stop_ |= end != nullptr;
    tell_wishes();
}

void VcpuThread::run() noexcept
{
    char name[16]; // the kernel's limit for a thread's name
    std::snprintf(name, sizeof name, "vcpu%u", exited_.index.value);
    pthread_setname_np(pthread_self(), name);

    if (may_run() && exited_.index.value == 0)
        exited_.notices.first_run();
    while (may_run())
    {
        const Next next = handle_exit(exited_.vcpu.run(), exited_);
        if (const auto* const end = std::get_if<End>(&next))
        {
            exited_.notices.end(*end);
            break;
        }
        if (const auto* const left = std::get_if<WhenStill>(&next))
        {
            {
                const std::lock_guard lock{mutex_};
                left_ = *left;
                tell_wishes();
            }
            exited_.notices.wants_stillness();
        }
    }
    const std::lock_guard lock{mutex_};
    over_ = true;
    changed_.notify_all();
}

} // namespace aliasvm::machine
