// SPDX-License-Identifier: Apache-2.0
// VcpuThread: one thread in KVM_RUN.
#pragma once

#include "vmm/kvm/port.hpp"
#include "vmm/machine/mmio_bus.hpp"
#include "vmm/machine/notices.hpp"

#include <atomic>
#include <thread>

namespace aliasvm::machine
{

/// Runs a vCPU from construction until the machine ends or the object is destroyed. It talks to
/// the rest of the process through the bus and the notices alone. Everything that the vCPU needs
/// (memory slots, interrupt lines) must be ready before, and stay until this object is gone.
class VcpuThread
{
public:
    VcpuThread(kvm::VcpuIndex index, kvm::Vcpu& vcpu, MmioBus& bus, Notices& notices);
    ~VcpuThread();
    VcpuThread(const VcpuThread&) = delete;
    VcpuThread& operator=(const VcpuThread&) = delete;

    /// Asks the thread to leave the guest for good, without waiting for it.
    void request_stop() noexcept;

private:
    void run() noexcept;

    kvm::VcpuIndex index_;
    kvm::Vcpu& vcpu_;
    MmioBus& bus_;
    Notices& notices_;
    std::atomic<bool> stop_{};
    std::thread thread_; ///< last: runs only once the rest is there
};

} // namespace aliasvm::machine
