// SPDX-License-Identifier: Apache-2.0
// Registers of DDI 0487, D19.5, by their numbers: op0, op1, CRn, CRm, op2.
#include "common/kvm/arm64_pmu.hpp"

#include "common/base/error.hpp"
#include "common/base/ioctl.hpp"
#include "common/base/ppi.hpp"
#include "common/kvm/arm64_registers.hpp"

#include <linux/kvm.h>

#include <cerrno>

namespace aliasvm::kvm
{

namespace
{

constexpr std::uint64_t pmcr = ARM64_SYS_REG(3, 3, 9, 12, 0);

/// Two names of one register. Kernels differ: Linux 6.12 sets or clears the bits that are written,
/// as the CPU does; those before 6.7 take the value as it is, by either name.
struct Bits
{
    std::uint64_t clear;
    std::uint64_t set;
};

constexpr Bits bits_of_counters[] = {
    {ARM64_SYS_REG(3, 3, 9, 12, 2),
     ARM64_SYS_REG(3, 3, 9, 12, 1)}, // PMCNTENCLR_EL0, PMCNTENSET_EL0
    {ARM64_SYS_REG(3, 0, 9, 14, 2),
     ARM64_SYS_REG(3, 0, 9, 14, 1)}, // PMINTENCLR_EL1, PMINTENSET_EL1
    {ARM64_SYS_REG(3, 3, 9, 12, 3), ARM64_SYS_REG(3, 3, 9, 14, 3)}, // PMOVSCLR_EL0, PMOVSSET_EL0
};
constexpr std::uint64_t of_all_counters[] = {
    ARM64_SYS_REG(3, 3, 9, 12, 5),  // PMSELR_EL0
    ARM64_SYS_REG(3, 3, 9, 13, 0),  // PMCCNTR_EL0
    ARM64_SYS_REG(3, 3, 14, 15, 7), // PMCCFILTR_EL0
};

constexpr std::uint64_t event_counter(std::uint64_t number)
{
    return ARM64_SYS_REG(3, 3, 14, 8 + number / 8, number % 8);
}

constexpr std::uint64_t event_type(std::uint64_t number)
{
    return ARM64_SYS_REG(3, 3, 14, 12 + number / 8, number % 8);
}

void set(int vcpu, VcpuIndex index, std::uint64_t id, std::uint64_t value)
{
    // A kernel that does not keep it has nothing in it either.
    if (one_register(vcpu, KVM_SET_ONE_REG, id, &value) < 0 && errno != ENOENT)
        throw Error{errno, "set register {:#x} of the PMU of vCPU {} to {:#x}", id, index.value,
                    value};
}

} // namespace

void connect_pmu(int vcpu, VcpuIndex index)
{
    kvm_device_attr attr{};
    attr.group = KVM_ARM_VCPU_PMU_V3_CTRL;
    attr.attr = KVM_ARM_VCPU_PMU_V3_IRQ;
    int intid = pmu_overflow.intid();
    attr.addr = reinterpret_cast<std::uintptr_t>(&intid);
    require_ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr, "give the PMU of vCPU {} interrupt {}",
                  index.value, intid);
    attr.attr = KVM_ARM_VCPU_PMU_V3_INIT;
    attr.addr = 0;
    require_ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr, "initialise the PMU of vCPU {}", index.value);
}

void rest_pmu(int vcpu, VcpuIndex index)
{
    std::uint64_t features = 0;
    if (one_register(vcpu, KVM_GET_ONE_REG, pmcr, &features) < 0)
        throw Error{errno, "ask how many counters the PMU of vCPU {} has", index.value};
    for (const Bits& bits : bits_of_counters)
    {
        set(vcpu, index, bits.clear, 0xffff'ffff);
        set(vcpu, index, bits.set, 0); // last, for the kernels that have kept the ones
    }
    for (const std::uint64_t id : of_all_counters)
        set(vcpu, index, id, 0);
    const std::uint64_t counters = features >> 11 & 0x1f; // PMCR_EL0.N
    for (std::uint64_t number = 0; number < counters; ++number)
    {
        set(vcpu, index, event_counter(number), 0);
        set(vcpu, index, event_type(number), 0);
    }
}

} // namespace aliasvm::kvm
