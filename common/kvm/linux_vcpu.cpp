// SPDX-License-Identifier: Apache-2.0
// KVM_RUN, and how another thread gets it to come back.
#include "common/kvm/linux_vcpu.hpp"

#include "common/base/error.hpp"
#include "common/kvm/run_area.hpp"
#include "common/kvm/statistics.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace aliasvm::kvm
{

namespace
{

int kick_signal() noexcept
{
    return SIGRTMIN;
}

extern "C" void come_back(int) {}

void install_handler()
{
    struct sigaction action
    {
    };
    action.sa_handler = come_back;
    action.sa_flags = 0; // SA_RESTART would send the thread back into the guest
    sigemptyset(&action.sa_mask);
    if (::sigaction(kick_signal(), &action, nullptr) < 0)
        throw Error{errno, "install the handler of the signal that kicks vCPUs"};
}

pid_t this_thread() noexcept
{
    static thread_local const pid_t id = ::gettid();
    return id;
}

} // namespace

LinuxVcpu::LinuxVcpu(UniqueFd vcpu, VcpuIndex index, std::size_t run_area_size)
    : fd_{std::move(vcpu)}, index_{index}, area_{Mapping::shared(
                                               fd_.get(), 0, run_area_size,
                                               fmt::format("vCPU {}", index.value))},
      run_{reinterpret_cast<kvm_run*>(area_.data())}
{
    if (run_area_size < sizeof(kvm_run))
        throw Error{EINVAL, "map the run area of vCPU {}: {} bytes", index.value, run_area_size};
    install_handler();
}

void LinuxVcpu::enter_on_this_thread() noexcept
{
    const pid_t self = this_thread();
    if (self != unblocked_)
    {
        // A thread inherits its mask, and a blocked signal would not end KVM_RUN.
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, kick_signal());
        ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
        unblocked_ = self;
    }
    thread_.store(self, std::memory_order_relaxed);
    // With the fence in kick(): either KVM_RUN sees the flag, or kick() sees the thread.
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

VcpuExit LinuxVcpu::run() noexcept
{
    enter_on_this_thread();
    // Not the retrying one: EINTR is a kick.
    const int answer = ::ioctl(fd_.get(), KVM_RUN, 0UL);
    const int error = errno;
    thread_.store(0, std::memory_order_relaxed);
    if (answer >= 0)
        return exit_of(*run_);
    if (error == EINTR)
    {
        // Acquire: what the kicking thread had written before is visible to whoever looks now.
        std::atomic_ref{run_->immediate_exit}.exchange(0, std::memory_order_acq_rel);
    }
    return exit_of_errno(error);
}

void LinuxVcpu::kick() noexcept
{
    std::atomic_ref{run_->immediate_exit}.store(1, std::memory_order_release);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    // tgkill and not pthread_kill: the thread may be over by now. A signal that comes late, after
    // run(), finds a handler that does nothing.
    if (const pid_t thread = thread_.load(std::memory_order_relaxed); thread != 0)
        ::syscall(SYS_tgkill, ::getpid(), thread, kick_signal());
}

UniqueFd LinuxVcpu::statistics()
{
    return statistics_of(fd_.get(), fmt::format("vCPU {}", index_.value));
}

} // namespace aliasvm::kvm
