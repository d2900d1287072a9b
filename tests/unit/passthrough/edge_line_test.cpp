// SPDX-License-Identifier: Apache-2.0
// An edge line from device to guest.
#include "devices/passthrough/edge_line.hpp"

#include "tests/unit/passthrough/bench.hpp"

#include <cerrno>
#include <optional>

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

class AnEdgeLine : public testing::Test
{
protected:
    AnEdgeLine() { line.emplace(*bench.vm, *bench.device, vfio::IrqIndex{0}, guest_line); }

    VmModel& vm() { return bench.system.vm(); }
    DeviceModel& device() { return bench.model; }

    Bench bench{false};
    std::optional<EdgeLine> line;
};

TEST_F(AnEdgeLine, NeverMasksOrResamples)
{
    line->arm();
    line->go_live();
    line->stop();
    line->disarm();
    EXPECT_THAT(bench.taken(),
                ElementsAre("add_irqfd 21", "set_signal 0", "clear_signal 0", "remove_irqfd 21"));
}

TEST_F(AnEdgeLine, BringsOneInterruptForEachEdge)
{
    line->arm();
    line->go_live();
    for (int i = 0; i < 3; ++i)
    {
        device().raise(0);
        EXPECT_TRUE(bench.eoi());
        EXPECT_FALSE(bench.eoi());
    }
    EXPECT_EQ(device().fired(0), 3U);
}

TEST_F(AnEdgeLine, BringsNothingBeforeItIsLiveAndAfterItIsStopped)
{
    line->arm();
    EXPECT_FALSE(device().has_signal(0));
    line->go_live();
    line->stop();
    device().raise(0);
    EXPECT_FALSE(vm().pending(guest_line));
}

TEST_F(AnEdgeLine, StaysWhereItWasWhenAStepFails)
{
    vm().fail(VmModel::Call::add_irqfd, EAGAIN);
    EXPECT_THROW(line->arm(), Error);
    EXPECT_EQ(line->state(), State::disarmed);
    line->arm();
    device().fail(DeviceModel::Call::set_signal, EBUSY);
    EXPECT_THROW(line->go_live(), Error);
    EXPECT_EQ(line->state(), State::masked);
    line->go_live();
    device().fail(DeviceModel::Call::clear_signal, EIO);
    EXPECT_THROW(line->stop(), Error);
    EXPECT_EQ(line->state(), State::live);
    line->stop();
    vm().fail(VmModel::Call::remove_irqfd, EIO);
    EXPECT_THROW(line->disarm(), Error);
    EXPECT_EQ(line->state(), State::stopped);
    line->disarm();
}

TEST_F(AnEdgeLine, LeavesNothingBehind)
{
    line->arm();
    line->go_live();
    line.reset();
    EXPECT_EQ(vm().irqfd_count(), 0U);
    EXPECT_FALSE(device().has_signal(0));
}

} // namespace
} // namespace aliasvm::devices
