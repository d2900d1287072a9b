// SPDX-License-Identifier: Apache-2.0
// The attributes and registers that only an arm64 kernel knows.
#include "common/base/error.hpp"
#include "common/kvm/architecture.hpp"
#include "tests/fakes/scripted_ioctl.hpp"

#include <linux/kvm.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace aliasvm::kvm
{
namespace
{

constexpr int vm_fd = 1000; // never reaches a kernel
constexpr std::size_t area_size = 0x3000;
constexpr VgicLayout zynqmp{GuestAddr{0xf901'0000}, GuestAddr{0xf902'0000}};

int new_file()
{
    const int fd = ::memfd_create("a kernel object", MFD_CLOEXEC);
    return ::ftruncate(fd, area_size) < 0 ? -errno : fd;
}

class AnArm64Vgic : public testing::Test
{
protected:
    struct Attribute
    {
        std::uint32_t group;
        std::uint64_t number;
        std::uint64_t value;
    };

    AnArm64Vgic()
    {
        kernel.on(KVM_CREATE_DEVICE,
                  [](int, void* argument)
                  {
                      auto& create = *static_cast<kvm_create_device*>(argument);
                      EXPECT_EQ(create.type, static_cast<unsigned>(KVM_DEV_TYPE_ARM_VGIC_V2));
                      create.fd = static_cast<unsigned>(new_file());
                      return 0;
                  });
        kernel.on(KVM_SET_DEVICE_ATTR,
                  [this](int, void* argument)
                  {
                      const auto& attr = *static_cast<const kvm_device_attr*>(argument);
                      set.push_back({attr.group, attr.attr, value_of(attr)});
                      return 0;
                  });
        kernel.on(KVM_GET_DEVICE_ATTR,
                  [this](int, void* argument)
                  {
                      const auto& attr = *static_cast<const kvm_device_attr*>(argument);
                      *reinterpret_cast<std::uint32_t*>(attr.addr) = registers[attr.attr];
                      return 0;
                  });
    }

    static std::uint64_t value_of(const kvm_device_attr& attr)
    {
        if (attr.addr == 0)
            return 0;
        if (attr.group == KVM_DEV_ARM_VGIC_GRP_ADDR)
            return *reinterpret_cast<const std::uint64_t*>(attr.addr);
        return *reinterpret_cast<const std::uint32_t*>(attr.addr);
    }

    fakes::ScriptedIoctl kernel;
    std::vector<Attribute> set;
    std::map<std::uint64_t, std::uint32_t> registers;
};

TEST_F(AnArm64Vgic, IsPlacedAndSizedBeforeItIsInitialised)
{
    const auto vgic = make_vgic(vm_fd, zynqmp);
    vgic->init();
    ASSERT_EQ(set.size(), 4U);
    EXPECT_EQ(set[0].group, static_cast<unsigned>(KVM_DEV_ARM_VGIC_GRP_ADDR));
    EXPECT_EQ(set[0].number, static_cast<unsigned>(KVM_VGIC_V2_ADDR_TYPE_DIST));
    EXPECT_EQ(set[0].value, 0xf901'0000U);
    EXPECT_EQ(set[1].number, static_cast<unsigned>(KVM_VGIC_V2_ADDR_TYPE_CPU));
    EXPECT_EQ(set[1].value, 0xf902'0000U);
    EXPECT_EQ(set[2].group, static_cast<unsigned>(KVM_DEV_ARM_VGIC_GRP_NR_IRQS));
    EXPECT_EQ(set[2].value, 192U);
    EXPECT_EQ(set[3].group, static_cast<unsigned>(KVM_DEV_ARM_VGIC_GRP_CTRL));
    EXPECT_EQ(set[3].number, static_cast<unsigned>(KVM_DEV_ARM_VGIC_CTRL_INIT));
}

TEST_F(AnArm64Vgic, PresetsOneLineAndLeavesItsNeighbours)
{
    const auto vgic = make_vgic(vm_fd, zynqmp);
    // INTID 53 is line 5 of register 3: bits 11 and 10, at 0xc0c.
    registers[0xc0c] = 0xaaaa'aaaa;
    set.clear();
    vgic->preset_trigger(*Spi::from_dt_cell(21), Trigger::level);
    ASSERT_EQ(set.size(), 1U);
    EXPECT_EQ(set[0].group, static_cast<unsigned>(KVM_DEV_ARM_VGIC_GRP_DIST_REGS));
    EXPECT_EQ(set[0].number, 0xc0cU); // of vCPU 0
    EXPECT_EQ(set[0].value, 0xaaaa'a2aaU);

    registers[0xc0c] = 0;
    vgic->preset_trigger(*Spi::from_dt_cell(21), Trigger::edge);
    EXPECT_EQ(set[1].value, 0x800U);
}

TEST_F(AnArm64Vgic, SaysThatTheHostsGicIsOfTheWrongKind)
{
    kernel.answer(KVM_CREATE_DEVICE, -ENODEV);
    EXPECT_THROW((void)make_vgic(vm_fd, zynqmp), Error);
}

class AnArm64Vcpu : public testing::Test
{
protected:
    AnArm64Vcpu()
    {
        kernel.answer(KVM_CHECK_EXTENSION, 1);
        kernel.on(KVM_CREATE_VCPU, [](int, void*) { return new_file(); });
        kernel.on(KVM_ARM_PREFERRED_TARGET,
                  [](int, void* argument)
                  {
                      static_cast<kvm_vcpu_init*>(argument)->target = 5;
                      return 0;
                  });
        kernel.record(KVM_ARM_VCPU_INIT, inits);
        kernel.on(KVM_SET_ONE_REG,
                  [this](int, void* argument)
                  {
                      const auto& reg = *static_cast<const kvm_one_reg*>(argument);
                      registers[reg.id] = *reinterpret_cast<const std::uint64_t*>(reg.addr);
                      return 0;
                  });
        kernel.record(KVM_SET_VCPU_EVENTS, events);
    }

    fakes::ScriptedIoctl kernel;
    std::vector<kvm_vcpu_init> inits;
    std::map<std::uint64_t, std::uint64_t> registers;
    std::vector<kvm_vcpu_events> events;
};

TEST_F(AnArm64Vcpu, StartsOnlyTheFirst)
{
    const auto first = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    const auto second = make_vcpu(vm_fd, VcpuIndex{1}, area_size);
    ASSERT_EQ(inits.size(), 2U);
    EXPECT_EQ(inits[0].target, 5U);
    EXPECT_EQ(inits[0].features[0], 1U << KVM_ARM_VCPU_PSCI_0_2);
    EXPECT_EQ(inits[1].features[0], 1U << KVM_ARM_VCPU_PSCI_0_2 | 1U << KVM_ARM_VCPU_POWER_OFF);
}

TEST_F(AnArm64Vcpu, EntersAsTheBootProtocolSays)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    vcpu->set_entry(GuestAddr{0x8'0000}, 0x700'0000);
    // Documentation/virt/kvm/api.rst, "arm64 core registers": 2 words a register, X0 first.
    constexpr std::uint64_t core = 0x6030'0000'0010'0000;
    EXPECT_EQ(registers.at(core + 0), 0x700'0000U);
    EXPECT_EQ(registers.at(core + 2), 0U);
    EXPECT_EQ(registers.at(core + 4), 0U);
    EXPECT_EQ(registers.at(core + 6), 0U);
    EXPECT_EQ(registers.at(core + 64), 0x8'0000U);
    EXPECT_EQ(registers.at(core + 66), 0x3c5U);
}

TEST_F(AnArm64Vcpu, InjectsAnExternalAbortAndNothingElse)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    EXPECT_TRUE(vcpu->inject_external_abort());
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].exception.ext_dabt_pending, 1);
    EXPECT_EQ(events[0].exception.serror_pending, 0);
}

TEST_F(AnArm64Vcpu, SaysThatItCannotInject)
{
    kernel.answer(KVM_CHECK_EXTENSION, 0);
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    EXPECT_FALSE(vcpu->inject_external_abort());
    EXPECT_TRUE(events.empty());
}

} // namespace
} // namespace aliasvm::kvm
