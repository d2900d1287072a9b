// SPDX-License-Identifier: Apache-2.0
// Arm64Vcpu: registers, PSCI and aborts of an arm64 vCPU.
#pragma once

#include "common/kvm/linux_vcpu.hpp"

namespace aliasvm::kvm
{

/// Documentation/virt/kvm/api.rst: KVM_ARM_VCPU_INIT, KVM_SET_ONE_REG, KVM_SET_VCPU_EVENTS.
class Arm64Vcpu final : public LinuxVcpu
{
public:
    /// Initialises the vCPU with the host's own CPU model and PSCI 0.2 or later; all but vCPU 0
    /// start powered off. Throws Error.
    Arm64Vcpu(int vm, UniqueFd vcpu, VcpuIndex index, std::size_t run_area_size);

    void set_entry(GuestAddr entry, std::uint64_t x0) override;
    [[nodiscard]] bool inject_external_abort() noexcept override;
    [[nodiscard]] std::uint64_t program_counter() noexcept override;

private:
    bool can_inject_;
};

} // namespace aliasvm::kvm
