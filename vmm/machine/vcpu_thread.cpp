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

VcpuThread::VcpuThread(kvm::VcpuIndex index, kvm::Vcpu& vcpu, MmioBus& bus, Notices& notices)
    : index_{index}, vcpu_{vcpu}, bus_{bus}, notices_{notices}, thread_{start([this] { run(); })}
{
}

VcpuThread::~VcpuThread()
{
    request_stop();
    thread_.join();
}

void VcpuThread::request_stop() noexcept
{
    // The order matters: a kick that comes before the flag would be spent on one more run.
    stop_.store(true, std::memory_order_release);
    vcpu_.kick();
}

void VcpuThread::run() noexcept
{
    char name[16]; // the kernel's limit for a thread's name
    std::snprintf(name, sizeof name, "vcpu%u", index_.value);
    pthread_setname_np(pthread_self(), name);

    if (index_.value == 0)
        notices_.first_run();
    while (!stop_.load(std::memory_order_acquire))
    {
        if (auto end = handle_exit(vcpu_.run(), vcpu_, bus_, notices_))
        {
            end->vcpu = index_.value;
            notices_.end(*end);
            return;
        }
    }
}

} // namespace aliasvm::machine
