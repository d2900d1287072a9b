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

void VcpuThreads::add(kvm::VcpuIndex index, kvm::Vcpu& vcpu, MmioBus& bus, Notices& notices)
{
    threads_.emplace_back(index, vcpu, bus, notices);
}

void VcpuThreads::pause()
{
    for (VcpuThread& thread : threads_)
        thread.request_pause();
    for (VcpuThread& thread : threads_)
        thread.wait_until_paused();
    paused_ = true;
}

void VcpuThreads::resume()
{
    for (VcpuThread& thread : threads_)
        thread.resume();
    paused_ = false;
}

} // namespace aliasvm::machine
