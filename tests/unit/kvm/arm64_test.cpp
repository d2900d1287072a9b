// SPDX-License-Identifier: Apache-2.0
// The attributes and registers that only an arm64 kernel knows.
#include "common/base/error.hpp"
#include "common/kvm/architecture.hpp"
#include "tests/fakes/scripted_ioctl.hpp"

#include <linux/kvm.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <utility>
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
    registers[0x008] = 0x4b00'243b;
    vgic->init();
    ASSERT_EQ(set.size(), 5U);
    EXPECT_EQ(set[0].group, static_cast<unsigned>(KVM_DEV_ARM_VGIC_GRP_ADDR));
    EXPECT_EQ(set[0].number, static_cast<unsigned>(KVM_VGIC_V2_ADDR_TYPE_DIST));
    EXPECT_EQ(set[0].value, 0xf901'0000U);
    EXPECT_EQ(set[1].number, static_cast<unsigned>(KVM_VGIC_V2_ADDR_TYPE_CPU));
    EXPECT_EQ(set[1].value, 0xf902'0000U);
    EXPECT_EQ(set[2].group, static_cast<unsigned>(KVM_DEV_ARM_VGIC_GRP_NR_IRQS));
    EXPECT_EQ(set[2].value, 192U);
    EXPECT_EQ(set[3].group, static_cast<unsigned>(KVM_DEV_ARM_VGIC_GRP_CTRL));
    EXPECT_EQ(set[3].number, static_cast<unsigned>(KVM_DEV_ARM_VGIC_CTRL_INIT));
    EXPECT_EQ(set[4].number, 0x008U) << "GICD_IIDR: groups are taken from here from now on";
    EXPECT_EQ(set[4].value, 0x4b00'243bU);
}

TEST_F(AnArm64Vgic, HasAllItsSharedLinesAsLevelOnceTheyArePreset)
{
    const auto vgic = make_vgic(vm_fd, zynqmp);
    set.clear();
    vgic->preset_all_level();
    ASSERT_EQ(set.size(), 10U);
    for (std::uint64_t n = 0; n < 10; ++n)
    {
        EXPECT_EQ(set[n].group, static_cast<unsigned>(KVM_DEV_ARM_VGIC_GRP_DIST_REGS));
        EXPECT_EQ(set[n].number, 0xc08 + 4 * n) << "0xc00 and 0xc04 are of private interrupts";
        EXPECT_EQ(set[n].value, 0U);
    }
}

TEST_F(AnArm64Vgic, TakesAWordInTheViewOfTheCpuThatMakesIt)
{
    const auto vgic = make_vgic(vm_fd, zynqmp);
    set.clear();
    vgic->store_distributor(VcpuIndex{3}, GicdOffset{0x400}, 0xa0a0'a0a0);
    ASSERT_EQ(set.size(), 1U);
    EXPECT_EQ(set[0].group, static_cast<unsigned>(KVM_DEV_ARM_VGIC_GRP_DIST_REGS));
    EXPECT_EQ(set[0].number, 3ULL << 32 | 0x400);
    EXPECT_EQ(set[0].value, 0xa0a0'a0a0U);
    registers[1ULL << 32 | 0x800] = 0x0202'0202;
    EXPECT_EQ(vgic->load_distributor(VcpuIndex{1}, GicdOffset{0x800}), 0x0202'0202U);

    vgic->store_distributor(VcpuIndex{0}, GicdOffset{0x008}, 1);
    EXPECT_EQ(set.size(), 1U) << "GICD_IIDR is read-only to a guest";
}

TEST_F(AnArm64Vgic, ReadsZeroWhereKvmHasNoRegister)
{
    const auto vgic = make_vgic(vm_fd, zynqmp);
    kernel.answer(KVM_GET_DEVICE_ATTR, -ENXIO);
    kernel.answer(KVM_SET_DEVICE_ATTR, -ENXIO);
    EXPECT_EQ(vgic->load_distributor(VcpuIndex{0}, GicdOffset{0xffc}), 0U);
    vgic->store_distributor(VcpuIndex{0}, GicdOffset{0xffc}, 1);
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
                      std::memcpy(&registers[reg.id], reinterpret_cast<const void*>(reg.addr),
                                  sizeof(std::uint64_t));
                      return refuses == reg.id ? -refusal : 0;
                  });
        kernel.on(KVM_GET_ONE_REG,
                  [this](int, void* argument)
                  {
                      const auto& reg = *static_cast<const kvm_one_reg*>(argument);
                      std::memcpy(reinterpret_cast<void*>(reg.addr), &registers[reg.id],
                                  sizeof(std::uint64_t));
                      return refuses == reg.id ? -refusal : 0;
                  });
        kernel.record(KVM_SET_VCPU_EVENTS, events);
        kernel.on(KVM_SET_DEVICE_ATTR,
                  [this](int, void* argument)
                  {
                      const auto& attr = *static_cast<const kvm_device_attr*>(argument);
                      EXPECT_EQ(attr.group, static_cast<unsigned>(KVM_ARM_VCPU_PMU_V3_CTRL));
                      pmu.emplace_back(attr.attr,
                                       attr.addr == 0 ? 0 : *reinterpret_cast<int*>(attr.addr));
                      return 0;
                  });
    }

    fakes::ScriptedIoctl kernel;
    std::vector<kvm_vcpu_init> inits;
    std::map<std::uint64_t, std::uint64_t> registers;
    std::uint64_t refuses{}; ///< id of a register
    int refusal = EINVAL;
    std::vector<kvm_vcpu_events> events;
    std::vector<std::pair<std::uint64_t, int>> pmu; ///< attributes that were set
};

// Documentation/virt/kvm/api.rst, "arm64 core registers": 2 words a register, X0 first.
constexpr std::uint64_t core = 0x6030'0000'0010'0000;
constexpr std::uint64_t core_sp = core + 62;
constexpr std::uint64_t core_pc = core + 64;
constexpr std::uint64_t core_pstate = core + 66;
constexpr std::uint64_t core_sp_el1 = core + 68;

// op0 and op1 of the performance counters are 3.
constexpr std::uint64_t pm_register(std::uint64_t crn, std::uint64_t crm, std::uint64_t op2)
{
    return ARM64_SYS_REG(3, 3, crn, crm, op2);
}

constexpr std::uint64_t pmcr = pm_register(9, 12, 0);

TEST_F(AnArm64Vcpu, StartsOnlyTheFirst)
{
    const auto first = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    const auto second = make_vcpu(vm_fd, VcpuIndex{1}, area_size);
    ASSERT_EQ(inits.size(), 2U);
    EXPECT_EQ(inits[0].target, 5U);
    constexpr std::uint32_t all = 1U << KVM_ARM_VCPU_PSCI_0_2 | 1U << KVM_ARM_VCPU_PMU_V3;
    EXPECT_EQ(inits[0].features[0], all);
    EXPECT_EQ(inits[1].features[0], all | 1U << KVM_ARM_VCPU_POWER_OFF);
}

TEST_F(AnArm64Vcpu, HasItsPmuAtPpi7)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    EXPECT_TRUE(pmu.empty()) << "before the vGIC is initialised";
    vcpu->connect_pmu();
    const std::vector<std::pair<std::uint64_t, int>> interrupt_first{{KVM_ARM_VCPU_PMU_V3_IRQ, 23},
                                                                     {KVM_ARM_VCPU_PMU_V3_INIT, 0}};
    EXPECT_EQ(pmu, interrupt_first);
}

/// The registers of one bit a counter: the name that clears, and the one that sets.
constexpr std::pair<std::uint64_t, std::uint64_t> pm_bits[] = {
    {pm_register(9, 12, 2), pm_register(9, 12, 1)},
    {ARM64_SYS_REG(3, 0, 9, 14, 2), ARM64_SYS_REG(3, 0, 9, 14, 1)},
    {pm_register(9, 12, 3), pm_register(9, 14, 3)},
};

constexpr std::uint64_t pm_pattern = 0x1de7'ec7e'dbad'c0de; // KVM's, of what is unknown

TEST_F(AnArm64Vcpu, BeginsWithAPmuAtRest)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    const std::uint64_t at_rest[] = {pm_register(9, 12, 5),  pm_register(9, 13, 0),
                                     pm_register(14, 15, 7), pm_register(14, 8, 0),
                                     pm_register(14, 9, 1),  pm_register(14, 12, 0),
                                     pm_register(14, 13, 1)};
    for (const std::uint64_t id : at_rest)
        registers[id] = pm_pattern;
    registers[pmcr] = 10U << 11;
    registers[pm_register(14, 9, 2)] = pm_pattern; // of an eleventh counter
    refuses = pm_register(14, 15, 7);
    refusal = ENOENT;
    vcpu->connect_pmu();
    for (const std::uint64_t id : at_rest)
        EXPECT_EQ(registers[id], 0U) << std::hex << id;
    EXPECT_EQ(registers[pm_register(14, 9, 2)], pm_pattern) << "there is no such counter";
    EXPECT_EQ(registers[pmcr], 10U << 11);
}

TEST_F(AnArm64Vcpu, BeginsWithNoCounterAtWorkOnEveryKernel)
{
    for (const bool sets_and_clears : {true, false})
    {
        const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
        std::map<std::uint64_t, std::uint64_t> bits; // by the name that sets
        for (const auto& [clear, set] : pm_bits)
            bits[set] = pm_pattern & 0xffff'ffff;
        kernel.on(KVM_SET_ONE_REG,
                  [&](int, void* argument)
                  {
                      const auto& reg = *static_cast<const kvm_one_reg*>(argument);
                      std::uint64_t value = 0;
                      std::memcpy(&value, reinterpret_cast<const void*>(reg.addr), sizeof value);
                      for (const auto& [clear, set] : pm_bits)
                      {
                          if (reg.id != clear && reg.id != set)
                              continue;
                          const std::uint64_t cleared = bits[set] & ~value;
                          const std::uint64_t with_set = bits[set] | value;
                          bits[set] = !sets_and_clears ? value : reg.id == set ? with_set : cleared;
                      }
                      return 0;
                  });
        vcpu->connect_pmu();
        for (const auto& [id, value] : bits)
            EXPECT_EQ(value, 0U) << std::hex << id << (sets_and_clears ? ", 6.12" : ", before 6.7");
    }
}

TEST_F(AnArm64Vcpu, SaysWhyItsPmuCannotBePutToRest)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{2}, area_size);
    for (const std::uint64_t id : {pmcr, pm_register(9, 14, 3)})
    {
        refuses = id;
        EXPECT_THROW(vcpu->connect_pmu(), Error) << std::hex << id;
    }
}

TEST_F(AnArm64Vcpu, SaysWhyItsPmuCannotBeConnected)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{3}, area_size);
    kernel.answer(KVM_SET_DEVICE_ATTR, -ENODEV);
    try
    {
        vcpu->connect_pmu();
        FAIL();
    }
    catch (const Error& error)
    {
        EXPECT_EQ(error.code().value(), ENODEV);
        EXPECT_NE(std::string{error.what()}.find("the PMU of vCPU 3"), std::string::npos);
    }
}

TEST_F(AnArm64Vcpu, HasNoPmuWhereKvmOffersNone)
{
    kernel.answer(KVM_CHECK_EXTENSION, 0);
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    EXPECT_EQ(inits.at(0).features[0], 1U << KVM_ARM_VCPU_PSCI_0_2);
    vcpu->connect_pmu();
    EXPECT_TRUE(pmu.empty());
}

TEST_F(AnArm64Vcpu, EntersAsTheBootProtocolSays)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    vcpu->set_entry(GuestAddr{0x8'0000}, 0x700'0000);
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

TEST_F(AnArm64Vcpu, HasTheStackPointerThatItsStateSays)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    RegisterFile& file = vcpu->registers();
    registers[core_sp] = 0x1000;
    registers[core_sp_el1] = 0x2000;
    registers[core_pstate] = 0x3c5; // EL1h
    EXPECT_EQ(file.general(a64::Register::sp), 0x2000U);
    registers[core_pstate] = 0x3c4; // EL1t
    EXPECT_EQ(file.general(a64::Register::sp), 0x1000U);
    registers[core_pstate] = 0; // EL0t
    file.set_general(a64::Register::sp, 0x3000);
    EXPECT_EQ(registers[core_sp], 0x3000U);
    EXPECT_FALSE(file.failed());
}

TEST_F(AnArm64Vcpu, StepsOverAnInstruction)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    registers[core_pc] = 0x1000;
    registers[core_pstate] = 0x3c5 | 1U << 21; // SS
    vcpu->registers().step();
    EXPECT_EQ(registers[core_pc], 0x1004U);
    EXPECT_EQ(registers[core_pstate], 0x3c5U);
}

TEST_F(AnArm64Vcpu, RemembersThatKvmRefusedARegister)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    refuses = core + 4; // X2
    EXPECT_EQ(vcpu->registers().general(a64::Register{3}), 0U);
    EXPECT_FALSE(vcpu->registers().failed());
    EXPECT_EQ(vcpu->registers().general(a64::Register{2}), 0U);
    EXPECT_TRUE(vcpu->registers().failed());
}

TEST_F(AnArm64Vcpu, SaysHowItTranslatesAddresses)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    registers[core_pstate] = 0x5;
    registers[ARM64_SYS_REG(3, 0, 1, 0, 0)] = 0x30d0'0801;
    registers[ARM64_SYS_REG(3, 0, 2, 0, 2)] = 25;
    registers[ARM64_SYS_REG(3, 0, 2, 0, 0)] = 0x4000;
    registers[ARM64_SYS_REG(3, 0, 2, 0, 1)] = 0x5000;
    registers[ARM64_SYS_REG(3, 0, 0, 7, 0)] = 0x1122; // PARange 2: 40 bits
    const auto state = vcpu->state();
    ASSERT_TRUE(state);
    EXPECT_EQ(state->pstate, 5U);
    EXPECT_EQ(state->regime.sctlr, 0x30d0'0801U);
    EXPECT_EQ(state->regime.tcr, 25U);
    EXPECT_EQ(state->regime.ttbr0, 0x4000U);
    EXPECT_EQ(state->regime.ttbr1, 0x5000U);
    EXPECT_EQ(state->regime.physical_bits, 40U);
    refuses = ARM64_SYS_REG(3, 0, 2, 0, 2);
    EXPECT_FALSE(vcpu->state());
}

TEST_F(AnArm64Vcpu, HasAClockThatCanBeSet)
{
    const auto vcpu = make_vcpu(vm_fd, VcpuIndex{0}, area_size);
    registers[KVM_REG_ARM_TIMER_CNT] = 1234;
    EXPECT_EQ(vcpu->virtual_counter(), 1234U);
    EXPECT_TRUE(vcpu->set_virtual_counter(99));
    EXPECT_EQ(registers[KVM_REG_ARM_TIMER_CNT], 99U);
    refuses = KVM_REG_ARM_TIMER_CNT;
    EXPECT_FALSE(vcpu->virtual_counter());
    EXPECT_FALSE(vcpu->set_virtual_counter(1));
}

TEST_F(AnArm64Vcpu, IsToldWhereItsStolenTimeGoes)
{
    std::vector<kvm_device_attr> attributes;
    kernel.record(KVM_SET_DEVICE_ATTR, attributes);
    make_vcpu(vm_fd, VcpuIndex{1}, area_size)->set_stolen_time(GuestAddr{0xf7ff'f040});
    ASSERT_EQ(attributes.size(), 1U);
    EXPECT_EQ(attributes[0].group, static_cast<unsigned>(KVM_ARM_VCPU_PVTIME_CTRL));
    EXPECT_EQ(attributes[0].attr, static_cast<unsigned>(KVM_ARM_VCPU_PVTIME_IPA));
    kernel.answer(KVM_SET_DEVICE_ATTR, -ENXIO);
    EXPECT_THROW(make_vcpu(vm_fd, VcpuIndex{1}, area_size)->set_stolen_time({}), Error);
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
