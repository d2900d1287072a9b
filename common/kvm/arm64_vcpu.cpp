// SPDX-License-Identifier: Apache-2.0
// The vCPU ioctls that only arm64 has.
#include "common/kvm/arm64_vcpu.hpp"

#include "common/base/ioctl.hpp"
#include "common/kvm/architecture.hpp"

#include <linux/kvm.h>

#include <cstddef>

namespace aliasvm::kvm
{

namespace
{

constexpr Capability arm64_needed[] = {
    {KVM_CAP_ARM_PSCI_0_2, "KVM_CAP_ARM_PSCI_0_2", "use a Linux kernel from 5.10 on"},
};

/// EL1h with D, A, I and F masked, as the boot protocol has it.
constexpr std::uint64_t entry_pstate = 0x3c5;

/// KVM counts core registers in 32-bit words from the start of kvm_regs.
constexpr std::uint64_t core_register(std::size_t offset)
{
    return KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | offset / sizeof(__u32);
}
constexpr std::uint64_t register_x(std::size_t number)
{
    return core_register(offsetof(kvm_regs, regs.regs) + number * sizeof(__u64));
}
constexpr std::uint64_t register_pc = core_register(offsetof(kvm_regs, regs.pc));
constexpr std::uint64_t register_pstate = core_register(offsetof(kvm_regs, regs.pstate));

void initialise(int vm, int vcpu, VcpuIndex index)
{
    kvm_vcpu_init init{};
    require_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init, "ask KVM for its CPU model");
    init.features[0] |= 1U << KVM_ARM_VCPU_PSCI_0_2;
    if (index.value != 0)
        init.features[0] |= 1U << KVM_ARM_VCPU_POWER_OFF;
    require_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init, "initialise vCPU {}", index.value);
}

void set_register(int vcpu, std::uint64_t id, std::uint64_t value, VcpuIndex index,
                  const char* name)
{
    kvm_one_reg reg{};
    reg.id = id;
    reg.addr = reinterpret_cast<std::uintptr_t>(&value);
    require_ioctl(vcpu, KVM_SET_ONE_REG, &reg, "set {} of vCPU {}", name, index.value);
}

} // namespace

std::span<const Capability> architecture_capabilities() noexcept
{
    return arm64_needed;
}

std::unique_ptr<Vcpu> make_vcpu(int vm, VcpuIndex index, std::size_t run_area_size)
{
    UniqueFd vcpu{require_ioctl(vm, KVM_CREATE_VCPU, static_cast<unsigned long>(index.value),
                                "create vCPU {}", index.value)};
    return std::make_unique<Arm64Vcpu>(vm, std::move(vcpu), index, run_area_size);
}

Arm64Vcpu::Arm64Vcpu(int vm, UniqueFd vcpu, VcpuIndex index, std::size_t run_area_size)
    : LinuxVcpu{std::move(vcpu), index, run_area_size},
      can_inject_{retrying_ioctl(vm, KVM_CHECK_EXTENSION,
                                 static_cast<unsigned long>(KVM_CAP_ARM_INJECT_EXT_DABT)) > 0}
{
    initialise(vm, fd(), index);
}

void Arm64Vcpu::set_entry(GuestAddr entry, std::uint64_t x0)
{
    set_register(fd(), register_pc, entry.value, index(), "PC");
    set_register(fd(), register_pstate, entry_pstate, index(), "PSTATE");
    set_register(fd(), register_x(0), x0, index(), "X0");
    for (const std::size_t reserved : {1U, 2U, 3U})
        set_register(fd(), register_x(reserved), 0, index(), "X1 to X3");
}

bool Arm64Vcpu::inject_external_abort() noexcept
{
    if (!can_inject_)
        return false;
    kvm_vcpu_events events{};
    events.exception.ext_dabt_pending = 1;
    return retrying_ioctl(fd(), KVM_SET_VCPU_EVENTS, &events) >= 0;
}

std::uint64_t Arm64Vcpu::program_counter() noexcept
{
    std::uint64_t value = 0;
    kvm_one_reg reg{};
    reg.id = register_pc;
    reg.addr = reinterpret_cast<std::uintptr_t>(&value);
    return retrying_ioctl(fd(), KVM_GET_ONE_REG, &reg) < 0 ? 0 : value;
}

} // namespace aliasvm::kvm
