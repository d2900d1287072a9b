// SPDX-License-Identifier: Apache-2.0
// Order of construction, slots, irqfds and kicks: the same body for every KVM.
#include "tests/contract/kvm_contract.hpp"

#include "common/stats/statistics.hpp"

#include <atomic>
#include <cerrno>

namespace aliasvm::contract
{
namespace
{

constexpr std::uint32_t wait_for_ever[] = {
    0xd503'207f, // 1: wfi
    0x17ff'ffff, //    b 1b
};

bool interrupted(const kvm::VcpuExit& exit)
{
    return std::holds_alternative<kvm::Interrupted>(exit);
}

TEST_P(KvmContract, AVmHasAtLeast32BitsOfAddresses)
{
    EXPECT_GE(system->ipa_bits(), 32U);
    EXPECT_LE(system->ipa_bits(), 40U);
}

// ---- order of construction

TEST_P(KvmContract, AMachineIsPutTogetherInOrder)
{
    Machine machine{*system};
    machine.complete(wait_for_ever);
}

TEST_P(KvmContract, AVmHasOneVgic)
{
    Machine machine{*system};
    machine.add_vgic();
    EXPECT_EQ(error_of([&] { (void)machine.vm->create_vgic(zynqmp_gic); }), EEXIST);
}

TEST_P(KvmContract, NoVgicIsMadeOnceAVcpuHasRun)
{
    if (system->offers_pmu())
        GTEST_SKIP() << "a vCPU with a PMU does not run without a vGIC";
    Machine machine{*system};
    kvm::Vcpu& vcpu = machine.add_vcpu(0);
    vcpu.kick();
    EXPECT_TRUE(interrupted(vcpu.run()));
    EXPECT_EQ(error_of([&] { machine.add_vgic(); }), EBUSY);
}

TEST_P(KvmContract, NoVcpuIsMadeOnceTheVgicIsInitialised)
{
    Machine machine{*system};
    machine.add_vgic();
    machine.add_vcpu(0);
    machine.vgic->init();
    EXPECT_EQ(error_of([&] { machine.add_vcpu(1); }), EBUSY);
}

TEST_P(KvmContract, AVcpuIsMadeOnce)
{
    Machine machine{*system};
    machine.add_vcpu(0);
    EXPECT_EQ(error_of([&] { machine.add_vcpu(0); }), EEXIST);
}

TEST_P(KvmContract, APmuIsConnectedOnceTheVgicIsInitialised)
{
    if (!system->offers_pmu())
        GTEST_SKIP() << "this host has no PMU for guests";
    Machine machine{*system};
    machine.add_vgic();
    kvm::Vcpu& vcpu = machine.add_vcpu(0);
    EXPECT_EQ(error_of([&] { vcpu.connect_pmu(); }), ENODEV);
}

TEST_P(KvmContract, AVcpuDoesNotRunUntilItsPmuIsConnected)
{
    if (!system->offers_pmu())
        GTEST_SKIP() << "this host has no PMU for guests";
    Machine machine{*system};
    machine.add_vgic();
    kvm::Vcpu& vcpu = machine.add_vcpu(0);
    machine.vgic->init();
    const auto exit = vcpu.run();
    ASSERT_TRUE(std::holds_alternative<kvm::Failure>(exit));
    EXPECT_EQ(std::get<kvm::Failure>(exit).detail, static_cast<std::uint64_t>(EINVAL));
    vcpu.connect_pmu();
    vcpu.kick();
    EXPECT_TRUE(interrupted(vcpu.run()));
    EXPECT_EQ(error_of([&] { vcpu.connect_pmu(); }), EBUSY) << "once";
}

TEST_P(KvmContract, WithoutAPmuThereIsNothingToConnect)
{
    if (system->offers_pmu())
        GTEST_SKIP() << "this host has one for guests";
    Machine machine{*system};
    machine.add_vcpu(0).connect_pmu();
}

TEST_P(KvmContract, AGicV2ServesEightVcpus)
{
    Machine machine{*system};
    machine.add_vgic();
    for (std::uint32_t index = 0; index < 8; ++index)
        machine.add_vcpu(index);
    EXPECT_EQ(error_of([&] { machine.add_vcpu(8); }), EINVAL);
}

TEST_P(KvmContract, ATriggerIsPresetInTheViewOfAVcpu)
{
    Machine machine{*system};
    machine.add_vgic();
    EXPECT_EQ(error_of([&] { machine.vgic->preset_trigger(line, Trigger::level); }), EINVAL);
    machine.add_vcpu(0);
    machine.vgic->init();
    machine.vgic->preset_trigger(line, Trigger::level);
    machine.vgic->preset_trigger(line, Trigger::edge);
}

// ---- slots

TEST_P(KvmContract, ASlotComesAndGoes)
{
    Machine machine{*system};
    const GuestRange range{GuestAddr{0xff00'0000}, page_size};
    for (int round = 0; round < 2; ++round)
    {
        machine.vm->set_slot(kvm::SlotId{7}, range, machine.ram.data());
        machine.vm->remove_slot(kvm::SlotId{7});
    }
}

TEST_P(KvmContract, ASlotThatIsNotThereCannotBeRemoved)
{
    Machine machine{*system};
    EXPECT_EQ(error_of([&] { machine.vm->remove_slot(kvm::SlotId{7}); }), EINVAL);
}

TEST_P(KvmContract, SlotsDoNotOverlap)
{
    Machine machine{*system};
    machine.vm->set_slot(kvm::SlotId{0}, {GuestAddr{0}, 4 * page_size}, machine.ram.data());
    EXPECT_EQ(error_of(
                  [&]
                  {
                      machine.vm->set_slot(kvm::SlotId{1}, {GuestAddr{3 * page_size}, page_size},
                                           machine.ram.data() + 4 * page_size);
                  }),
              EEXIST);
    machine.vm->set_slot(kvm::SlotId{1}, {GuestAddr{4 * page_size}, page_size},
                         machine.ram.data() + 4 * page_size);
}

TEST_P(KvmContract, ASlotIsWholePagesWithinTheAddressSpace)
{
    Machine machine{*system};
    const auto refusal = [&](std::uint64_t base, std::uint64_t size, std::uint64_t offset)
    {
        return error_of(
            [&] {
                machine.vm->set_slot(kvm::SlotId{0}, {GuestAddr{base}, size},
                                     machine.ram.data() + offset);
            });
    };
    EXPECT_EQ(refusal(0x800, page_size, 0), EINVAL);
    EXPECT_EQ(refusal(0, 0x800, 0), EINVAL);
    EXPECT_EQ(refusal(0, page_size, 0x800), EINVAL);
    EXPECT_EQ(refusal(0, 0, 0), EINVAL);
    EXPECT_EQ(refusal(1ULL << system->ipa_bits(), page_size, 0), EFAULT);
}

TEST_P(KvmContract, ASlotKeepsItsSize)
{
    Machine machine{*system};
    machine.vm->set_slot(kvm::SlotId{0}, {GuestAddr{0}, page_size}, machine.ram.data());
    EXPECT_EQ(error_of(
                  [&] {
                      machine.vm->set_slot(kvm::SlotId{0}, {GuestAddr{0}, 2 * page_size},
                                           machine.ram.data());
                  }),
              EINVAL);
}

// ---- lines

TEST_P(KvmContract, AnIrqfdWaitsForTheVgic)
{
    Machine machine{*system};
    machine.add_vgic();
    machine.add_vcpu(0);
    const EventFd event;
    const EventFd resample;
    EXPECT_EQ(error_of([&] { machine.vm->add_edge_irqfd(line, event); }), EAGAIN);
    EXPECT_EQ(error_of([&] { machine.vm->add_level_irqfd(line, event, resample); }), EAGAIN);
    machine.vgic->init();
    machine.vm->add_level_irqfd(line, event, resample);
    machine.vm->remove_irqfd(line, event);
}

TEST_P(KvmContract, AnEventfdDrivesOneLine)
{
    Machine machine{*system};
    machine.complete(wait_for_ever);
    const EventFd event;
    const EventFd resample;
    const Spi other = *Spi::from_dt_cell(22);
    machine.vm->add_level_irqfd(line, event, resample);
    EXPECT_EQ(error_of([&] { machine.vm->add_edge_irqfd(other, event); }), EBUSY);
    machine.vm->remove_irqfd(line, event);
    machine.vm->add_edge_irqfd(other, event);
    machine.vm->remove_irqfd(other, event);
}

TEST_P(KvmContract, ALineMayHaveTwoEventfds)
{
    Machine machine{*system};
    machine.complete(wait_for_ever);
    const EventFd first;
    const EventFd second;
    machine.vm->add_edge_irqfd(line, first);
    machine.vm->add_edge_irqfd(line, second);
    machine.vm->remove_irqfd(line, second);
    machine.vm->remove_irqfd(line, first);
}

TEST_P(KvmContract, AnIrqfdThatIsNotThereIsRemovedInSilence)
{
    Machine machine{*system};
    machine.complete(wait_for_ever);
    const EventFd event;
    EXPECT_EQ(error_of([&] { machine.vm->remove_irqfd(line, event); }), 0);
}

TEST_P(KvmContract, ALineIsDrivenOnceThereIsAVgic)
{
    Machine machine{*system};
    EXPECT_FALSE(machine.vm->set_line(line, true));
    machine.add_vgic();
    machine.add_vcpu(0);
    machine.vgic->init();
    EXPECT_TRUE(machine.vm->set_line(line, true));
    EXPECT_TRUE(machine.vm->set_line(line, false));
}

// ---- statistics

TEST_P(KvmContract, AVcpuThatRanHasExits)
{
    Machine machine{*system};
    kvm::Vcpu& vcpu = machine.complete(wait_for_ever);
    const auto exits = [&vcpu]
    {
        const UniqueFd of_vcpu = vcpu.statistics();
        EXPECT_TRUE(of_vcpu.ok()) << "Linux 5.14 keeps statistics";
        const auto counts = stats::read_statistics(of_vcpu.get());
        return counts.contains("exits") ? counts.at("exits") : 0;
    };
    // On a busy machine a kick may come before the guest was entered.
    for (int tries = 0; exits() == 0 && tries < 100; ++tries)
    {
        const Watchdog watchdog{vcpu, std::chrono::milliseconds{50}};
        EXPECT_TRUE(interrupted(vcpu.run()));
    }
    EXPECT_GT(exits(), 0U);

    const UniqueFd of_vm = machine.vm->statistics();
    ASSERT_TRUE(of_vm.ok());
    EXPECT_FALSE(stats::read_statistics(of_vm.get()).empty());
}

// ---- kicks

TEST_P(KvmContract, AKickBeforeTheRunEndsIt)
{
    Machine machine{*system};
    kvm::Vcpu& vcpu = machine.complete(wait_for_ever);
    vcpu.kick();
    EXPECT_TRUE(interrupted(vcpu.run()));
}

TEST_P(KvmContract, KicksBeforeARunAreOne)
{
    Machine machine{*system};
    kvm::Vcpu& vcpu = machine.complete(wait_for_ever);
    vcpu.kick();
    vcpu.kick();
    EXPECT_TRUE(interrupted(vcpu.run()));
    const auto start = std::chrono::steady_clock::now();
    const std::chrono::milliseconds a_while{50};
    const Watchdog watchdog{vcpu, a_while};
    EXPECT_TRUE(interrupted(vcpu.run()));
    EXPECT_GE(std::chrono::steady_clock::now() - start, a_while);
}

TEST_P(KvmContract, AKickEndsAGuestThatWaits)
{
    Machine machine{*system};
    kvm::Vcpu& vcpu = machine.complete(wait_for_ever);
    const Watchdog watchdog{vcpu, std::chrono::milliseconds{50}};
    EXPECT_TRUE(interrupted(vcpu.run()));
}

TEST_P(KvmContract, AKickEndsTheWaitForCpuOn)
{
    Machine machine{*system};
    machine.add_vgic();
    machine.add_vcpu(0);
    kvm::Vcpu& second = machine.add_vcpu(1);
    machine.initialise();
    const Watchdog watchdog{second, std::chrono::milliseconds{50}};
    EXPECT_TRUE(interrupted(second.run()));
}

TEST_P(KvmContract, NoKickIsLostHoweverItMeetsTheRun)
{
    // Hangs for ever if one is.
    constexpr unsigned rounds = 500;
    Machine machine{*system};
    kvm::Vcpu& vcpu = machine.complete(wait_for_ever);
    std::atomic<unsigned> asked{};
    std::atomic<unsigned> done{};
    std::thread runner{[&]
                       {
                           while (done.load() < rounds)
                           {
                               EXPECT_TRUE(interrupted(vcpu.run()));
                               done.store(asked.load());
                           }
                       }};
    for (unsigned round = 1; round <= rounds; ++round)
    {
        asked.store(round);
        vcpu.kick();
        while (done.load() < round)
            std::this_thread::yield();
    }
    runner.join();
}

} // namespace
} // namespace aliasvm::contract
