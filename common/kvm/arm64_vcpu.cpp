// SPDX-License-Identifier: Apache-2.0
// The vCPU ioctls that only arm64 has.
#include "common/kvm/arm64_vcpu.hpp"

#include "common/base/error.hpp"
#include "common/base/ioctl.hpp"
#include "common/kvm/architecture.hpp"
#include "common/kvm/arm64_pmu.hpp"

#include <linux/kvm.h>

#include <cerrno>

namespace aliasvm::kvm
{

namespace
{

constexpr Capability arm64_needed[] = {
    {KVM_CAP_ARM_PSCI_0_2, "KVM_CAP_ARM_PSCI_0_2", "use a Linux kernel from 5.10 on"},
};

/// EL1h with D, A, I and F masked, as the boot protocol has it.
constexpr std::uint64_t entry_pstate = 0x3c5;

bool offers(int vm, unsigned long capability) noexcept
{
    return retrying_ioctl(vm, KVM_CHECK_EXTENSION, capability) > 0;
}

void initialise(int vm, int vcpu, VcpuIndex index, bool pmu)
{
    kvm_vcpu_init init{};
    require_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init, "ask KVM for its CPU model");
    init.features[0] |= 1U << KVM_ARM_VCPU_PSCI_0_2;
    if (index.value != 0)
        init.features[0] |= 1U << KVM_ARM_VCPU_POWER_OFF;
    if (pmu)
        init.features[0] |= 1U << KVM_ARM_VCPU_PMU_V3;
    require_ioctl(vcpu, KVM_ARM_VCPU_INIT, &init, "initialise vCPU {}", index.value);
}

void set_register(int vcpu, std::uint64_t id, std::uint64_t value, VcpuIndex index,
                  const char* name)
{
    if (one_register(vcpu, KVM_SET_ONE_REG, id, &value) < 0)
        throw Error{errno, "set {} of vCPU {}", name, index.value};
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
    : LinuxVcpu{std::move(vcpu), index, run_area_size}, registers_{fd()},
      can_inject_{offers(vm, KVM_CAP_ARM_INJECT_EXT_DABT)}, has_pmu_{offers(vm, KVM_CAP_ARM_PMU_V3)}
{
    initialise(vm, fd(), index, has_pmu_);
}

void Arm64Vcpu::set_entry(GuestAddr entry, std::uint64_t x0)
{
    set_register(fd(), register_pc, entry.value, index(), "PC");
    set_register(fd(), register_pstate, entry_pstate, index(), "PSTATE");
    set_register(fd(), register_x(0), x0, index(), "X0");
    for (const std::size_t reserved : {1U, 2U, 3U})
        set_register(fd(), register_x(reserved), 0, index(), "X1 to X3");
}

void Arm64Vcpu::set_stolen_time(GuestAddr at)
{
    std::uint64_t address = at.value;
    kvm_device_attr attr{};
    attr.group = KVM_ARM_VCPU_PVTIME_CTRL;
    attr.attr = KVM_ARM_VCPU_PVTIME_IPA;
    attr.addr = reinterpret_cast<std::uintptr_t>(&address);
    require_ioctl(fd(), KVM_SET_DEVICE_ATTR, &attr,
                  "place the stolen time of vCPU {} at guest {:#x}", index().value, at.value);
}

void Arm64Vcpu::connect_pmu()
{
    if (!has_pmu_)
        return;
    kvm::connect_pmu(fd(), index());
    rest_pmu(fd(), index());
}

bool Arm64Vcpu::inject_external_abort() noexcept
{
    if (!can_inject_)
        return false;
    kvm_vcpu_events events{};
    events.exception.ext_dabt_pending = 1;
    return retrying_ioctl(fd(), KVM_SET_VCPU_EVENTS, &events) >= 0;
}

std::optional<std::uint64_t> Arm64Vcpu::virtual_counter() noexcept
{
    std::uint64_t value = 0;
    if (one_register(fd(), KVM_GET_ONE_REG, KVM_REG_ARM_TIMER_CNT, &value) < 0)
        return std::nullopt;
    return value;
}

bool Arm64Vcpu::set_virtual_counter(std::uint64_t value) noexcept
{
    return one_register(fd(), KVM_SET_ONE_REG, KVM_REG_ARM_TIMER_CNT, &value) >= 0;
}

std::uint64_t Arm64Vcpu::program_counter() noexcept
{
    std::uint64_t value = 0;
    return one_register(fd(), KVM_GET_ONE_REG, register_pc, &value) < 0 ? 0 : value;
}

} // namespace aliasvm::kvm
