// SPDX-License-Identifier: Apache-2.0
// The structures that LinuxVm hands to the kernel, field by field.
#include "common/kvm/linux_vm.hpp"

#include "common/base/error.hpp"
#include "tests/fakes/scripted_ioctl.hpp"

#include <fcntl.h>
#include <linux/kvm.h>

#include <cerrno>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::kvm
{
namespace
{

using testing::HasSubstr;

const Spi uart0 = *Spi::from_dt_cell(21);

class ALinuxVm : public testing::Test
{
protected:
    ALinuxVm()
    {
        kernel.record(KVM_SET_USER_MEMORY_REGION, regions);
        kernel.record(KVM_IRQFD, irqfds);
        kernel.record(KVM_IRQ_LINE, levels);
    }

    template <class Act>
    static std::string refusal(Act&& act)
    {
        try
        {
            act();
        }
        catch (const Error& error)
        {
            return error.what();
        }
        return "";
    }

    fakes::ScriptedIoctl kernel;
    std::vector<kvm_userspace_memory_region> regions;
    std::vector<kvm_irqfd> irqfds;
    std::vector<kvm_irq_level> levels;
    LinuxVm vm{UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)}, 0x1000};
    EventFd event;
    EventFd resample;
    alignas(page_size) std::byte page[page_size]{};
};

TEST_F(ALinuxVm, HandsOutItsStatisticsIfTheHostKeepsAny)
{
    const int statistics = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    kernel.answer(KVM_GET_STATS_FD, statistics);
    EXPECT_EQ(vm.statistics().get(), statistics);
    for (const int unknown : {ENOTTY, EINVAL})
    {
        kernel.answer(KVM_GET_STATS_FD, -unknown);
        EXPECT_FALSE(vm.statistics().ok());
    }
    kernel.answer(KVM_GET_STATS_FD, -EMFILE);
    EXPECT_THAT(refusal([this] { (void)vm.statistics(); }),
                HasSubstr("ask KVM for the statistics of the VM"));
}

TEST_F(ALinuxVm, SetsASlotWithoutFlags)
{
    vm.set_slot(SlotId{3}, {GuestAddr{0xff00'0000}, page_size}, page);
    ASSERT_EQ(regions.size(), 1U);
    EXPECT_EQ(regions[0].slot, 3U);
    EXPECT_EQ(regions[0].flags, 0U);
    EXPECT_EQ(regions[0].guest_phys_addr, 0xff00'0000U);
    EXPECT_EQ(regions[0].memory_size, page_size);
    EXPECT_EQ(regions[0].userspace_addr, reinterpret_cast<std::uintptr_t>(page));
}

TEST_F(ALinuxVm, RemovesASlotByASizeOfZero)
{
    vm.remove_slot(SlotId{3});
    ASSERT_EQ(regions.size(), 1U);
    EXPECT_EQ(regions[0].slot, 3U);
    EXPECT_EQ(regions[0].memory_size, 0U);
}

TEST_F(ALinuxVm, NeverTurnsAnEmptySlotIntoARemoval)
{
    EXPECT_NE(refusal([&] { vm.set_slot(SlotId{3}, {GuestAddr{0}, 0}, page); }), "");
    EXPECT_TRUE(regions.empty());
}

TEST_F(ALinuxVm, SaysWhatASlotOverlaps)
{
    kernel.answer(KVM_SET_USER_MEMORY_REGION, -EEXIST);
    EXPECT_EQ(refusal(
                  [&] {
                      vm.set_slot(SlotId{3}, {GuestAddr{0xff00'0000}, page_size}, page);
                  }),
              "set memory slot 3 at guest 0xff000000..0xff000fff (it overlaps another slot): "
              "File exists");
}

TEST_F(ALinuxVm, ConnectsALevelLineByItsGsiAndResamples)
{
    vm.add_level_irqfd(uart0, event, resample);
    ASSERT_EQ(irqfds.size(), 1U);
    EXPECT_EQ(irqfds[0].fd, static_cast<unsigned>(event.get()));
    EXPECT_EQ(irqfds[0].gsi, 21U);
    EXPECT_EQ(irqfds[0].flags, static_cast<unsigned>(KVM_IRQFD_FLAG_RESAMPLE));
    EXPECT_EQ(irqfds[0].resamplefd, static_cast<unsigned>(resample.get()));
}

TEST_F(ALinuxVm, ConnectsAnEdgeLineWithoutResampling)
{
    vm.add_edge_irqfd(uart0, event);
    ASSERT_EQ(irqfds.size(), 1U);
    EXPECT_EQ(irqfds[0].flags, 0U);
}

TEST_F(ALinuxVm, DisconnectsByDescriptorAndGsi)
{
    vm.remove_irqfd(uart0, event);
    ASSERT_EQ(irqfds.size(), 1U);
    EXPECT_EQ(irqfds[0].fd, static_cast<unsigned>(event.get()));
    EXPECT_EQ(irqfds[0].gsi, 21U);
    EXPECT_EQ(irqfds[0].flags, static_cast<unsigned>(KVM_IRQFD_FLAG_DEASSIGN));
}

TEST_F(ALinuxVm, NamesTheLineByBothNumbersWhenKvmIsNotReady)
{
    kernel.answer(KVM_IRQFD, -EAGAIN);
    EXPECT_THAT(refusal([&] { vm.add_edge_irqfd(uart0, event); }),
                HasSubstr("guest SPI 21 (INTID 53) (the vGIC is not initialised yet)"));
}

TEST_F(ALinuxVm, SaysThatAnEventfdIsTaken)
{
    kernel.answer(KVM_IRQFD, -EBUSY);
    EXPECT_THAT(refusal([&] { vm.add_edge_irqfd(uart0, event); }), HasSubstr("already drives"));
}

TEST_F(ALinuxVm, DrivesALineByTypeAndIntid)
{
    EXPECT_TRUE(vm.set_line(uart0, true));
    EXPECT_TRUE(vm.set_line(uart0, false));
    ASSERT_EQ(levels.size(), 2U);
    EXPECT_EQ(levels[0].irq, 0x100'0035U);
    EXPECT_EQ(levels[0].level, 1U);
    EXPECT_EQ(levels[1].level, 0U);
}

TEST_F(ALinuxVm, TellsWhenALineIsRefusedWithoutThrowing)
{
    kernel.answer(KVM_IRQ_LINE, -ENXIO);
    EXPECT_FALSE(vm.set_line(uart0, true));
}

} // namespace
} // namespace aliasvm::kvm
