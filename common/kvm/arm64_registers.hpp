// SPDX-License-Identifier: Apache-2.0
// Arm64Registers: what a load or store can name, of a vCPU that is out of KVM_RUN.
#pragma once

#include "common/kvm/port.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace aliasvm::kvm
{

/// KVM's ids of core registers.
extern const std::uint64_t register_pc;
extern const std::uint64_t register_pstate;
[[nodiscard]] std::uint64_t register_x(std::size_t number) noexcept;

/// Reads or writes (`request` is KVM_GET_ONE_REG or KVM_SET_ONE_REG) as many bytes as the id says.
/// Below 0: errno says why not.
int one_register(int vcpu, unsigned long request, std::uint64_t id, const void* value) noexcept;

/// An ioctl for each register: seldom needed, and never kept. Documentation/virt/kvm/api.rst,
/// KVM_SET_ONE_REG, "arm64 core/FP-SIMD registers". The vCPU's thread, or any while none runs it.
class Arm64Registers final : public RegisterFile
{
public:
    /// Borrows the vCPU's descriptor.
    explicit Arm64Registers(int vcpu) noexcept : vcpu_{vcpu} {}

    [[nodiscard]] std::uint64_t general(a64::Register which) const noexcept override;
    [[nodiscard]] a64::Quad vector(a64::VectorRegister which) const noexcept override;
    void set_general(a64::Register which, std::uint64_t value) noexcept override;
    void set_vector(a64::VectorRegister which, a64::Quad value) noexcept override;
    void step() noexcept override;
    [[nodiscard]] bool failed() const noexcept override { return failed_; }

    /// None if KVM refuses one of the registers.
    [[nodiscard]] std::optional<CpuState> state() const noexcept;

private:
    [[nodiscard]] std::uint64_t id_of(a64::Register which) const noexcept;

    int vcpu_;
    mutable bool failed_{};
};

} // namespace aliasvm::kvm
