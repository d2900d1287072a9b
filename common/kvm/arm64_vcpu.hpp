// SPDX-License-Identifier: Apache-2.0
// Arm64Vcpu: registers, PSCI and aborts of an arm64 vCPU.
#pragma once

#include "common/kvm/arm64_registers.hpp"
#include "common/kvm/linux_vcpu.hpp"

namespace aliasvm::kvm
{

/// Documentation/virt/kvm/api.rst: KVM_ARM_VCPU_INIT, KVM_SET_ONE_REG, KVM_SET_VCPU_EVENTS;
/// devices/vcpu.rst: KVM_ARM_VCPU_PMU_V3_CTRL.
class Arm64Vcpu final : public LinuxVcpu
{
public:
    /// Initialises the vCPU with the host's own CPU model, PSCI 0.2 or later, and a PMU if the host
    /// offers one; all but vCPU 0 start powered off. Throws Error.
    Arm64Vcpu(int vm, UniqueFd vcpu, VcpuIndex index, std::size_t run_area_size);

    void set_entry(GuestAddr entry, std::uint64_t x0) override;
    void set_stolen_time(GuestAddr at) override;
    void connect_pmu() override;
    [[nodiscard]] bool inject_external_abort() noexcept override;
    [[nodiscard]] std::optional<CpuState> state() noexcept override { return registers_.state(); }
    [[nodiscard]] RegisterFile& registers() noexcept override { return registers_; }
    [[nodiscard]] std::optional<std::uint64_t> virtual_counter() noexcept override;
    bool set_virtual_counter(std::uint64_t value) noexcept override;
    [[nodiscard]] std::uint64_t program_counter() noexcept override;

private:
    Arm64Registers registers_;
    bool can_inject_;
    bool has_pmu_;
};

} // namespace aliasvm::kvm
