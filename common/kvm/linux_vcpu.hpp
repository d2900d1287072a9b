// SPDX-License-Identifier: Apache-2.0
// LinuxVcpu: the part of a vCPU that is the same on every architecture, running and being kicked.
#pragma once

#include "common/base/mapping.hpp"
#include "common/base/unique_fd.hpp"
#include "common/kvm/port.hpp"

#include <sys/types.h>

#include <atomic>
#include <cstddef>

struct kvm_run;

namespace aliasvm::kvm
{

/// Owns a vCPU descriptor and its run area.
///
/// A kick is the run area's immediate_exit flag, which ends the next KVM_RUN at once, and a signal
/// to the thread that may be in KVM_RUN now. The flag is cleared by the run() that returns
/// Interrupted, so a kick is never lost and any number of them before that count as one. The signal
/// is SIGRTMIN: its handler does nothing, is installed without SA_RESTART, and run() unblocks it on
/// each new thread; nobody else in the process may use it.
class LinuxVcpu : public Vcpu
{
public:
    /// Installs the handler if it is not yet. Throws Error.
    LinuxVcpu(UniqueFd vcpu, VcpuIndex index, std::size_t run_area_size);

    [[nodiscard]] VcpuExit run() noexcept final;
    void kick() noexcept final;
    [[nodiscard]] UniqueFd statistics() final;

protected:
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] VcpuIndex index() const noexcept { return index_; }

private:
    void enter_on_this_thread() noexcept;

    UniqueFd fd_;
    VcpuIndex index_;
    Mapping area_;
    kvm_run* run_;
    std::atomic<pid_t> thread_{}; ///< in run(), or 0
    pid_t unblocked_{};           ///< the last thread that run() was on
};

} // namespace aliasvm::kvm
