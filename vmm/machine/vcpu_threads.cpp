// SPDX-License-Identifier: Apache-2.0
// Each order goes to all of them before the first is waited for: they leave the guest side by side.
#include "vmm/machine/vcpu_threads.hpp"

namespace aliasvm::machine
{

VcpuThreads::~VcpuThreads()
{
    for (VcpuThread& thread : threads_)
        thread.request_stop();
}

void VcpuThreads::add(kvm::VcpuIndex index, kvm::Vcpu& vcpu, GuestSpace& space, Notices& notices)
{
    if (first_ == nullptr)
        first_ = &vcpu;
    threads_.emplace_back(index, vcpu, space, notices);
}

void VcpuThreads::pause(GuestClock clock)
{
    const bool stood = clock_.has_value();
    for (VcpuThread& thread : threads_)
        thread.request_pause();
    for (VcpuThread& thread : threads_)
        thread.wait_until_paused();
    paused_ = true;
    if (clock == GuestClock::runs || first_ == nullptr)
        clock_.reset();
    else if (!stood)
        clock_ = first_->virtual_counter();
}

void VcpuThreads::resume()
{
    // Before the first run there is nothing to go on from, and if KVM will not the guest sees a
    // jump, as it would without a clock that stands.
    if (clock_)
        static_cast<void>(first_->set_virtual_counter(*clock_));
    clock_.reset();
    for (VcpuThread& thread : threads_)
        thread.resume();
    paused_ = false;
}

void VcpuThreads::finish_exits()
{
    while_still(GuestClock::runs,
                [this]
                {
                    for (VcpuThread& thread : threads_)
                        thread.finish_exit();
                });
}

} // namespace aliasvm::machine
