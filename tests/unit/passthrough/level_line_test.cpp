// SPDX-License-Identifier: Apache-2.0
// A level line from device to guest: order, failures, and no interrupt lost or invented.
#include "devices/passthrough/level_line.hpp"

#include "tests/unit/passthrough/bench.hpp"

#include <cerrno>
#include <optional>
#include <random>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::devices
{
namespace
{

using fakes::DeviceModel;
using fakes::VmModel;
using testing::ElementsAre;
using State = PassthroughLine::State;

class ALevelLine : public testing::Test
{
protected:
    ALevelLine() { line.emplace(*bench.vm, *bench.device, vfio::IrqIndex{0}, guest_line); }

    void make_live()
    {
        line->arm();
        line->go_live();
    }

    VmModel& vm() { return bench.system.vm(); }
    DeviceModel& device() { return bench.model; }

    Bench bench{true};
    std::optional<LevelLine> line;
};

TEST_F(ALevelLine, TakesEachStepInTheOneOrderThatLosesNothing)
{
    line->arm();
    EXPECT_THAT(bench.taken(), ElementsAre("mask 0", "add_irqfd 21", "set_unmask_on 0"));
    line->go_live();
    EXPECT_THAT(bench.taken(), ElementsAre("set_signal 0", "unmask 0"));
    line->stop();
    EXPECT_THAT(bench.taken(), ElementsAre("mask 0", "clear_signal 0"));
    line->disarm();
    EXPECT_THAT(bench.taken(), ElementsAre("clear_unmask 0", "remove_irqfd 21"));
    EXPECT_EQ(line->state(), State::disarmed);
}

TEST_F(ALevelLine, RefusesStepsOutOfOrder)
{
    EXPECT_THROW(line->go_live(), std::logic_error);
    EXPECT_THROW(line->stop(), std::logic_error);
    EXPECT_THROW(line->disarm(), std::logic_error);
    line->arm();
    EXPECT_THROW(line->arm(), std::logic_error);
    EXPECT_THROW(line->stop(), std::logic_error);
    line->go_live();
    EXPECT_THROW(line->arm(), std::logic_error);
    EXPECT_THROW(line->disarm(), std::logic_error);
    line->stop();
    EXPECT_THROW(line->arm(), std::logic_error);
    EXPECT_THROW(line->go_live(), std::logic_error);
}

TEST_F(ALevelLine, BringsAnInterruptToTheGuestsNumber)
{
    make_live();
    device().raise(0);
    EXPECT_TRUE(vm().pending(guest_line));
    EXPECT_TRUE(device().masked(0));
    EXPECT_TRUE(bench.serve());
    EXPECT_FALSE(vm().pending(guest_line));
    EXPECT_FALSE(device().masked(0));
}

TEST_F(ALevelLine, FiresAgainWhileTheDeviceStillWantsSomething)
{
    make_live();
    device().raise(0);
    EXPECT_TRUE(bench.eoi());
    EXPECT_TRUE(vm().pending(guest_line));
    EXPECT_TRUE(bench.eoi());
    EXPECT_TRUE(bench.serve());
    EXPECT_FALSE(bench.serve());
    EXPECT_EQ(device().fired(0), 3U);
}

TEST_F(ALevelLine, HoldsAnEarlyInterruptUntilItIsLive)
{
    device().raise(0);
    line->arm();
    EXPECT_FALSE(vm().pending(guest_line));
    line->go_live();
    EXPECT_TRUE(vm().pending(guest_line));
}

TEST_F(ALevelLine, BringsNothingOnceItIsStopped)
{
    make_live();
    line->stop();
    device().raise(0);
    EXPECT_FALSE(vm().pending(guest_line));
}

TEST_F(ALevelLine, StaysQuietWhenTheGuestSaysEoiAfterwards)
{
    make_live();
    device().raise(0);
    line->stop();
    EXPECT_TRUE(bench.eoi()); // KVM resamples, VFIO unmasks
    EXPECT_FALSE(vm().pending(guest_line));
    line->disarm();
    EXPECT_FALSE(vm().pending(guest_line));
}

TEST_F(ALevelLine, LowersTheGuestsLineWhenItIsDisarmed)
{
    make_live();
    device().raise(0);
    line->stop();
    line->disarm();
    EXPECT_FALSE(vm().pending(guest_line));
}

TEST_F(ALevelLine, CanBeUsedAgain)
{
    make_live();
    device().raise(0);
    line->stop();
    line->disarm();
    make_live();
    EXPECT_TRUE(vm().pending(guest_line));
    EXPECT_TRUE(bench.serve());
    EXPECT_FALSE(bench.serve());
}

TEST_F(ALevelLine, StaysMaskedWhenArmedAfterAnEoiThatVfioNoLongerHeard)
{
    make_live();
    device().raise(0);
    line->stop();
    // Between the two steps of disarming: VFIO listens no more, KVM still resamples.
    vm().fail(VmModel::Call::remove_irqfd, EIO);
    device().fail(DeviceModel::Call::set_unmask_on, EIO); // so that the undoing fails, too
    EXPECT_THROW(line->disarm(), Error);
    EXPECT_TRUE(vm().acknowledge(guest_line));
    line->disarm();
    line->arm();
    EXPECT_TRUE(device().masked(0));
}

TEST_F(ALevelLine, ShowsThatAGuestLineLeftAsEdgeIsNeverResampled)
{
    // Why the vGIC is preset: one interrupt comes, and then none.
    bench.vgic->preset_trigger(guest_line, Trigger::edge);
    make_live();
    device().raise(0);
    EXPECT_TRUE(bench.serve());
    EXPECT_TRUE(device().masked(0));
    device().raise(0);
    EXPECT_FALSE(bench.serve());
}

TEST_F(ALevelLine, LeavesNothingBehindFromAnyState)
{
    for (int steps = 0; steps <= 3; ++steps)
    {
        line.emplace(*bench.vm, *bench.device, vfio::IrqIndex{0}, guest_line);
        if (steps > 0)
            line->arm();
        if (steps > 1)
            line->go_live();
        if (steps > 2)
            line->stop();
        line.reset();
        EXPECT_EQ(vm().irqfd_count(), 0U) << steps;
        EXPECT_FALSE(device().has_signal(0)) << steps;
        EXPECT_FALSE(device().resamples(0)) << steps;
    }
}

TEST_F(ALevelLine, TakesKvmsSideAwayEvenIfTheDeviceIsGone)
{
    make_live();
    device().fail(DeviceModel::Call::mask, ENODEV);
    line.reset();
    EXPECT_EQ(vm().irqfd_count(), 0U);
}

TEST_F(ALevelLine, StaysDisarmedWhenArmingFails)
{
    for (const auto call : {DeviceModel::Call::mask, DeviceModel::Call::set_unmask_on})
    {
        device().fail(call, EBUSY);
        EXPECT_THROW(line->arm(), Error);
        EXPECT_EQ(line->state(), State::disarmed);
        EXPECT_EQ(vm().irqfd_count(), 0U);
        EXPECT_FALSE(device().resamples(0));
    }
    vm().fail(VmModel::Call::add_irqfd, EAGAIN);
    EXPECT_THROW(line->arm(), Error);
    EXPECT_EQ(line->state(), State::disarmed);
    EXPECT_FALSE(device().resamples(0));
    make_live();
}

TEST_F(ALevelLine, StaysMaskedWhenGoingLiveFails)
{
    line->arm();
    for (const auto call : {DeviceModel::Call::set_signal, DeviceModel::Call::unmask})
    {
        device().fail(call, EBUSY);
        EXPECT_THROW(line->go_live(), Error);
        EXPECT_EQ(line->state(), State::masked);
        EXPECT_FALSE(device().has_signal(0));
        EXPECT_TRUE(device().masked(0));
    }
    line->go_live();
    device().raise(0);
    EXPECT_TRUE(bench.serve());
}

TEST_F(ALevelLine, StaysLiveWhenQuiescingFails)
{
    make_live();
    for (const auto call : {DeviceModel::Call::mask, DeviceModel::Call::clear_signal})
    {
        device().fail(call, EIO);
        EXPECT_THROW(line->stop(), Error);
        EXPECT_EQ(line->state(), State::live);
        device().raise(0);
        EXPECT_TRUE(bench.serve());
    }
}

TEST_F(ALevelLine, StaysStoppedWhenDisarmingFails)
{
    make_live();
    line->stop();
    device().fail(DeviceModel::Call::clear_unmask, EIO);
    EXPECT_THROW(line->disarm(), Error);
    EXPECT_EQ(line->state(), State::stopped);
    vm().fail(VmModel::Call::remove_irqfd, EIO);
    EXPECT_THROW(line->disarm(), Error);
    EXPECT_EQ(line->state(), State::stopped);
    EXPECT_TRUE(device().resamples(0));
    line->disarm();
}

TEST_F(ALevelLine, ReportsTheFirstFailureWhenUndoingFailsToo)
{
    device().fail(DeviceModel::Call::set_unmask_on, EBUSY);
    vm().fail(VmModel::Call::remove_irqfd, EIO);
    try
    {
        line->arm();
        FAIL() << "no Error";
    }
    catch (const Error& error)
    {
        EXPECT_EQ(error.code().value(), EBUSY);
    }
}

/// Everything that device, guest and VMM may do, in random order. What holds after each step: a
/// device that wants something has an interrupt pending while the line is live, and the guest never
/// sees an interrupt that no device fired.
TEST_F(ALevelLine, LosesAndInventsNothingInAnyOrderOfEvents)
{
    constexpr int runs = 200;
    constexpr int events = 200;
    for (unsigned seed = 0; seed < runs; ++seed)
    {
        std::mt19937 random{seed};
        bool wants = false;
        device().lower(0);
        line.emplace(*bench.vm, *bench.device, vfio::IrqIndex{0}, guest_line);
        for (int event = 0; event < events; ++event)
        {
            const bool was_pending = vm().pending(guest_line);
            const unsigned fired = device().fired(0);
            switch (random() % 6)
            {
            case 0:
            case 1:
                device().raise(0);
                wants = true;
                break;
            case 2:
                if (bench.serve())
                    wants = false;
                break;
            case 3:
                bench.eoi();
                break;
            case 4:
                device().settle();
                break;
            default:
                if (line->state() == State::disarmed)
                    line->arm();
                else if (line->state() == State::masked)
                    line->go_live();
                else if (line->state() == State::live)
                    line->stop();
                else
                    line->disarm();
            }
            const bool pending = vm().pending(guest_line);
            const bool lost = wants && line->state() == State::live && !pending;
            ASSERT_FALSE(lost) << "seed " << seed << " event " << event;
            const bool invented = pending && !was_pending && device().fired(0) == fired;
            ASSERT_FALSE(invented) << "seed " << seed << " event " << event;
        }
        line.reset();
        ASSERT_FALSE(vm().pending(guest_line));
    }
}

} // namespace
} // namespace aliasvm::devices
