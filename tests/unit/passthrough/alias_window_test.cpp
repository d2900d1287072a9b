// SPDX-License-Identifier: Apache-2.0
// A device's registers at the guest's address, there and gone again.
#include "devices/passthrough/alias_window.hpp"

#include "tests/unit/passthrough/bench.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace aliasvm::devices
{
namespace
{

constexpr GuestRange uart0{GuestAddr{0xff00'0000}, page_size};
constexpr kvm::SlotId slot{5};
constexpr vfio::RegionIndex region{0};

class AnAliasWindow : public testing::Test
{
protected:
    fakes::VmModel& vm() { return bench.system.vm(); }

    Bench bench{true};
};

TEST_F(AnAliasWindow, PutsTheDevicesRegistersAtTheAlias)
{
    AliasWindow window{*bench.vm, *bench.device, region, slot, uart0};
    EXPECT_TRUE(vm().slots().empty()) << "not before it is shown";
    window.show();
    const auto slots = vm().slots();
    ASSERT_EQ(slots.size(), 1U);
    EXPECT_EQ(slots.at(5).guest, uart0);
    bench.model.registers(0)[0x30] = std::byte{'x'};
    EXPECT_EQ(slots.at(5).host[0x30], std::byte{'x'});
}

TEST_F(AnAliasWindow, RemovesTheSlotBeforeItUnmaps)
{
    {
        AliasWindow window{*bench.vm, *bench.device, region, slot, uart0};
        window.show();
    }
    EXPECT_TRUE(vm().slots().empty());
    EXPECT_EQ(vm().dangling_slots(), 0U);
}

TEST_F(AnAliasWindow, LeavesNothingWhenTheSlotIsRefused)
{
    AliasWindow first{*bench.vm, *bench.device, region, slot, uart0};
    first.show();
    AliasWindow second{*bench.vm, *bench.device, region, kvm::SlotId{6}, uart0};
    EXPECT_THROW(second.show(), Error);
    EXPECT_FALSE(second.shown());
    EXPECT_EQ(vm().slots().size(), 1U);
}

TEST_F(AnAliasWindow, ComesAndGoesInTheSameSlot)
{
    AliasWindow window{*bench.vm, *bench.device, region, slot, uart0};
    for (int round = 0; round < 3; ++round)
    {
        window.show();
        window.show();
        EXPECT_EQ(vm().slots().at(5).guest, uart0);
        window.hide();
        window.hide();
        EXPECT_TRUE(vm().slots().empty());
    }
}

TEST_F(AnAliasWindow, StaysShownWhenItCannotBeHidden)
{
    AliasWindow window{*bench.vm, *bench.device, region, slot, uart0};
    window.show();
    vm().fail(fakes::VmModel::Call::remove_slot, EIO);
    EXPECT_THROW(window.hide(), Error);
    EXPECT_TRUE(window.shown());
    EXPECT_EQ(vm().slots().size(), 1U);
}

TEST_F(AnAliasWindow, LeavesNothingWhenTheRegionCannotBeMapped)
{
    bench.model.fail(fakes::DeviceModel::Call::map, ENOMEM);
    EXPECT_THROW((AliasWindow{*bench.vm, *bench.device, region, slot, uart0}), Error);
    EXPECT_TRUE(vm().slots().empty());
}

TEST_F(AnAliasWindow, TakesWholePagesOfTheRegionOnly)
{
    for (const GuestRange& guest :
         {GuestRange{GuestAddr{0xff00'0000}, 2 * page_size}, GuestRange{GuestAddr{0xff00'0000}, 0},
          GuestRange{GuestAddr{0xff00'0000}, 0x100}, GuestRange{GuestAddr{0xff00'0010}, page_size}})
        EXPECT_THROW((AliasWindow{*bench.vm, *bench.device, region, slot, guest}), Error);

    bench.host.add("ff9d0000.usb", {{page_size, false}});
    const auto odd = bench.host.open("ff9d0000.usb", Dma::none);
    EXPECT_THROW((AliasWindow{*bench.vm, *odd, region, slot, uart0}), Error);
    EXPECT_TRUE(vm().slots().empty());
}

} // namespace
} // namespace aliasvm::devices
