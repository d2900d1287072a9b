// SPDX-License-Identifier: Apache-2.0
// Registers by their names to KVM's ids.
#include "common/kvm/arm64_registers.hpp"

#include "common/base/ioctl.hpp"

#include <linux/kvm.h>

#include <iterator>

namespace aliasvm::kvm
{

namespace
{

/// KVM counts core registers in 32-bit words from the start of kvm_regs.
constexpr std::uint64_t core_register(std::size_t offset, std::uint64_t size = KVM_REG_SIZE_U64)
{
    return KVM_REG_ARM64 | size | KVM_REG_ARM_CORE | offset / sizeof(__u32);
}

constexpr std::uint64_t sp_el0 = core_register(offsetof(kvm_regs, regs.sp));
constexpr std::uint64_t sp_el1 = core_register(offsetof(kvm_regs, sp_el1));

// DDI 0487, D19: op0, op1, CRn, CRm, op2.
constexpr std::uint64_t sctlr_el1 = ARM64_SYS_REG(3, 0, 1, 0, 0);
constexpr std::uint64_t tcr_el1 = ARM64_SYS_REG(3, 0, 2, 0, 2);
constexpr std::uint64_t ttbr0_el1 = ARM64_SYS_REG(3, 0, 2, 0, 0);
constexpr std::uint64_t ttbr1_el1 = ARM64_SYS_REG(3, 0, 2, 0, 1);
constexpr std::uint64_t id_aa64mmfr0_el1 = ARM64_SYS_REG(3, 0, 0, 7, 0);

// PSTATE, as SPSR_EL2 has it.
constexpr std::uint64_t stack_pointer_of_level = 1U << 0; // SPSel
constexpr std::uint64_t exception_level = 3U << 2;
constexpr std::uint64_t software_step = 1U << 21;

constexpr std::uint64_t instruction_bytes = 4;

std::uint64_t vector_register(a64::VectorRegister which) noexcept
{
    return core_register(offsetof(kvm_regs, fp_regs.vregs) + which.number * sizeof(__uint128_t),
                         KVM_REG_SIZE_U128);
}

/// ID_AA64MMFR0_EL1.PARange.
std::uint8_t physical_bits(std::uint64_t features) noexcept
{
    constexpr std::uint8_t sizes[] = {32, 36, 40, 42, 44, 48, 52};
    const std::size_t range = features & 0xf;
    return range < std::size(sizes) ? sizes[range] : 48;
}

} // namespace

const std::uint64_t register_pc = core_register(offsetof(kvm_regs, regs.pc));
const std::uint64_t register_pstate = core_register(offsetof(kvm_regs, regs.pstate));

std::uint64_t register_x(std::size_t number) noexcept
{
    return core_register(offsetof(kvm_regs, regs.regs) + number * sizeof(__u64));
}

int one_register(int vcpu, unsigned long request, std::uint64_t id, const void* value) noexcept
{
    kvm_one_reg reg{};
    reg.id = id;
    reg.addr = reinterpret_cast<std::uintptr_t>(value);
    return retrying_ioctl(vcpu, request, &reg);
}

std::uint64_t Arm64Registers::id_of(a64::Register which) const noexcept
{
    switch (which)
    {
    case a64::Register::pc:
        return register_pc;
    case a64::Register::sp:
        break;
    default:
        return register_x(static_cast<std::size_t>(which));
    }
    std::uint64_t pstate = 0;
    failed_ |= one_register(vcpu_, KVM_GET_ONE_REG, register_pstate, &pstate) < 0;
    const bool own = (pstate & exception_level) != 0 && (pstate & stack_pointer_of_level) != 0;
    return own ? sp_el1 : sp_el0;
}

std::uint64_t Arm64Registers::general(a64::Register which) const noexcept
{
    std::uint64_t value = 0;
    failed_ |= one_register(vcpu_, KVM_GET_ONE_REG, id_of(which), &value) < 0;
    return value;
}

void Arm64Registers::set_general(a64::Register which, std::uint64_t value) noexcept
{
    failed_ |= one_register(vcpu_, KVM_SET_ONE_REG, id_of(which), &value) < 0;
}

a64::Quad Arm64Registers::vector(a64::VectorRegister which) const noexcept
{
    a64::Quad value; // little-endian, as the guest's
    failed_ |= one_register(vcpu_, KVM_GET_ONE_REG, vector_register(which), &value) < 0;
    return value;
}

void Arm64Registers::set_vector(a64::VectorRegister which, a64::Quad value) noexcept
{
    failed_ |= one_register(vcpu_, KVM_SET_ONE_REG, vector_register(which), &value) < 0;
}

void Arm64Registers::step() noexcept
{
    set_general(a64::Register::pc, general(a64::Register::pc) + instruction_bytes);
    std::uint64_t pstate = 0;
    failed_ |= one_register(vcpu_, KVM_GET_ONE_REG, register_pstate, &pstate) < 0;
    if ((pstate & software_step) == 0)
        return;
    pstate &= ~software_step;
    failed_ |= one_register(vcpu_, KVM_SET_ONE_REG, register_pstate, &pstate) < 0;
}

std::optional<CpuState> Arm64Registers::state() const noexcept
{
    CpuState state;
    std::uint64_t features = 0;
    const struct
    {
        std::uint64_t id;
        std::uint64_t* value;
    } wanted[] = {
        {register_pstate, &state.pstate}, {sctlr_el1, &state.regime.sctlr},
        {tcr_el1, &state.regime.tcr},     {ttbr0_el1, &state.regime.ttbr0},
        {ttbr1_el1, &state.regime.ttbr1}, {id_aa64mmfr0_el1, &features},
    };
    for (const auto& one : wanted)
    {
        if (one_register(vcpu_, KVM_GET_ONE_REG, one.id, one.value) < 0)
            return std::nullopt;
    }
    state.regime.physical_bits = physical_bits(features);
    return state;
}

} // namespace aliasvm::kvm
