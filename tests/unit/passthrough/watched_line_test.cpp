// SPDX-License-Identifier: Apache-2.0
// A level line until it is known how the guest takes it, and one that the guest has as edge.
#include "devices/passthrough/level_line.hpp"

#include "tests/unit/passthrough/bench.hpp"

#include <cerrno>
#include <chrono>
#include <functional>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace aliasvm::devices
{
namespace
{

using namespace std::chrono_literals;
using fakes::DeviceModel;
using fakes::VmModel;
using Path = LevelLine::Path;

/// Serves when it is told to, at a time that a test says.
class FakeWatch final : public LineWatch
{
public:
    explicit FakeWatch(VmModel& vm) : vm_{vm} {}

    void add(Watched& watched, const EventFd&, const EventFd&) override { served = &watched; }
    void remove(Watched& watched, const EventFd&, const EventFd&) noexcept override
    {
        EXPECT_EQ(served, &watched);
        served = nullptr;
    }
    LineInGic look(Spi line) noexcept override
    {
        ++looks;
        if (meanwhile)
            std::exchange(meanwhile, nullptr)();
        return {vm_.trigger_of(line), vm_.pending(line), active};
    }
    void found_edge(Spi line) noexcept override { found.push_back(line); }

    /// And once more, as an eventfd may have become readable by that.
    void serve()
    {
        for (int n = 0; n < 2 && served != nullptr; ++n)
            served->serve(now);
    }
    /// Until then, with every moment in between at which it wants to be called.
    void pass(std::chrono::microseconds time)
    {
        const WatchTime end = now + time;
        while (served != nullptr && served->due() && *served->due() <= end)
        {
            now = std::max(now, *served->due());
            serve();
        }
        now = end;
        serve();
    }

    Watched* served{};
    WatchTime now{1h};
    unsigned looks{};
    bool active{};
    std::function<void()> meanwhile; ///< what the guest does just before it is looked at, once
    std::vector<Spi> found;

private:
    VmModel& vm_;
};

class AWatchedLine : public testing::Test
{
protected:
    AWatchedLine()
    {
        line.emplace(*bench.vm, *bench.device, vfio::IrqIndex{0}, guest_line, &watch);
        line->arm();
        line->go_live();
    }

    VmModel& vm() { return bench.system.vm(); }
    DeviceModel& device() { return bench.model; }

    /// The guest's handler: serves the device, then says EOI. False if no interrupt was there.
    bool handle()
    {
        const bool taken = bench.serve();
        watch.serve();
        return taken;
    }
    void rise()
    {
        device().raise(0);
        watch.serve();
    }
    /// The line has fired once and the guest turned out to have it as edge.
    void become_edge()
    {
        vm().set_trigger(guest_line, Trigger::edge);
        rise();
        ASSERT_TRUE(handle());
        watch.pass(LevelLine::first_look);
        ASSERT_EQ(line->path(), Path::as_edge);
        watch.pass(10ms);
    }

    Bench bench{true};
    FakeWatch watch{bench.system.vm()};
    std::optional<LevelLine> line;
};

TEST_F(AWatchedLine, IsHandedToTheKernelAtTheFirstEndOfInterrupt)
{
    rise();
    EXPECT_TRUE(vm().pending(guest_line));
    EXPECT_TRUE(handle());
    EXPECT_EQ(line->path(), Path::forwarded);
    EXPECT_EQ(watch.served, nullptr);
    EXPECT_EQ(watch.looks, 0U) << "a guest that has it as level costs no pause";
    for (int n = 0; n < 3; ++n)
    {
        device().raise(0); // nobody serves
        EXPECT_TRUE(vm().pending(guest_line));
        EXPECT_TRUE(bench.serve());
    }
    EXPECT_FALSE(device().masked(0));
}

TEST_F(AWatchedLine, FiresAgainIfTheDeviceWantsMoreAtTheFirstEnd)
{
    rise();
    EXPECT_TRUE(bench.eoi()); // the device is not served
    watch.serve();
    EXPECT_TRUE(vm().pending(guest_line));
    EXPECT_TRUE(handle());
    EXPECT_FALSE(vm().pending(guest_line));
}

TEST_F(AWatchedLine, LooksEverMoreSeldomWhileAGuestKeepsItsInterruptsMasked)
{
    rise();
    watch.pass(10s);
    EXPECT_LE(watch.looks, 10U + 10U); // doubling up to a second, then one a second
    EXPECT_GE(watch.looks, 10U);
    EXPECT_EQ(line->path(), Path::watched);
    EXPECT_TRUE(handle());
    EXPECT_EQ(line->path(), Path::forwarded);
}

TEST_F(AWatchedLine, IsQuietWithoutAnInterrupt)
{
    watch.pass(10s);
    EXPECT_EQ(watch.looks, 0U);
    EXPECT_FALSE(watch.served->due());
}

TEST_F(AWatchedLine, BringsEachEdgeToAGuestThatHasItAsEdge)
{
    become_edge();
    EXPECT_EQ(watch.found, std::vector{guest_line});
    for (int n = 0; n < 100; ++n)
    {
        rise();
        ASSERT_TRUE(handle()) << n;
        EXPECT_FALSE(handle()) << "once";
        watch.pass(10ms);
    }
    EXPECT_EQ(watch.found.size(), 1U) << "told once";
    EXPECT_EQ(watch.looks, 2U) << "no pause where the guest is in time, once its rate is known";
}

TEST_F(AWatchedLine, BringsAnEdgeThatCameWhileItWasMasked)
{
    become_edge();
    rise();
    ASSERT_TRUE(handle());
    device().raise(0); // at once again, and still masked
    watch.serve();
    EXPECT_FALSE(vm().pending(guest_line));
    watch.pass(LevelLine::longest_mask);
    EXPECT_TRUE(handle());
}

TEST_F(AWatchedLine, MakesNoEdgeUpWhileTheGuestHasNotComeToItsDevice)
{
    become_edge();
    rise();
    watch.pass(1s); // interrupts masked in the guest
    EXPECT_TRUE(handle());
    EXPECT_FALSE(handle());
    watch.pass(1s);
    EXPECT_FALSE(handle());

    rise();
    ASSERT_TRUE(vm().acknowledge(guest_line)); // the handler has begun
    watch.active = true;
    watch.pass(100ms);
    EXPECT_FALSE(vm().pending(guest_line));
    device().lower(0);
    watch.active = false;
    watch.pass(100ms);
    EXPECT_FALSE(vm().pending(guest_line));
    rise();
    EXPECT_TRUE(handle());
}

TEST_F(AWatchedLine, MakesNoEdgeUpIfTheGuestComesToItsDeviceJustBeforeItIsLookedAt)
{
    become_edge();
    for (int n = 0; n < 10; ++n)
    {
        rise();
        watch.meanwhile = [this] { EXPECT_TRUE(bench.serve()); };
        watch.pass(10ms);
        EXPECT_FALSE(watch.meanwhile) << "it was looked at";
        EXPECT_FALSE(vm().pending(guest_line)) << n;
    }
    rise();
    EXPECT_TRUE(handle()) << "and the next edge comes";
}

TEST_F(AWatchedLine, DoesNotStormAGuestThatLeavesItsDevicesLineHigh)
{
    become_edge();
    rise();
    unsigned taken = 0;
    for (int n = 0; n < 10'000; ++n)
    {
        watch.pass(100us);
        taken += vm().acknowledge(guest_line) ? 1 : 0;
    }
    EXPECT_LE(taken, 1s / LevelLine::longest_mask + 10U);
    device().lower(0);
    watch.pass(100ms);
    rise();
    watch.pass(100ms);
    EXPECT_TRUE(handle());
}

TEST_F(AWatchedLine, CostsLittleWhileTheGuestDoesNotCome)
{
    become_edge();
    watch.looks = 0;
    rise();
    watch.pass(1s);
    EXPECT_LE(watch.looks, 1s / LevelLine::longest_wait + 10U);
}

TEST_F(AWatchedLine, GoesBackToTheKernelIfTheGuestMakesItLevel)
{
    become_edge();
    vm().set_trigger(guest_line, Trigger::level);
    rise();
    EXPECT_TRUE(handle());
    EXPECT_EQ(line->path(), Path::forwarded);
}

TEST_F(AWatchedLine, IsLeftToTheWatchIfTheKernelWillNotTakeIt)
{
    device().fail(DeviceModel::Call::set_unmask_on, EINVAL);
    rise();
    EXPECT_TRUE(handle());
    EXPECT_EQ(line->path(), Path::watched);
    rise();
    EXPECT_TRUE(handle());
    EXPECT_EQ(line->path(), Path::forwarded);
}

TEST_F(AWatchedLine, KeepsItsSignalIfTheKernelWillNotTakeTheOther)
{
    device().fail(DeviceModel::Call::set_signal, EBUSY);
    rise();
    EXPECT_TRUE(handle());
    EXPECT_EQ(line->path(), Path::watched);
    EXPECT_TRUE(device().has_signal(0));
    EXPECT_FALSE(device().resamples(0));
    for (int n = 0; n < 3; ++n)
    {
        rise();
        EXPECT_TRUE(handle()) << n;
    }
    EXPECT_EQ(line->path(), Path::forwarded);
}

TEST_F(AWatchedLine, IsStoppedAndDisarmedFromEachOfItsPaths)
{
    const auto take_away = [this]
    {
        line->stop();
        device().raise(0);
        watch.pass(1s);
        EXPECT_FALSE(vm().pending(guest_line));
        line->disarm();
        EXPECT_EQ(watch.served, nullptr);
        EXPECT_EQ(vm().irqfd_count(), 0U);
        EXPECT_FALSE(device().has_signal(0));
        EXPECT_FALSE(device().resamples(0));
        device().lower(0);
        line->arm();
        line->go_live();
        EXPECT_EQ(line->path(), Path::watched);
    };
    take_away(); // watched
    rise();
    ASSERT_TRUE(handle());
    take_away(); // forwarded
    become_edge();
    take_away(); // as edge
    vm().set_trigger(guest_line, Trigger::level);
    rise();
    EXPECT_TRUE(handle());
}

TEST_F(AWatchedLine, LosesAndInventsNothingHoweverTheGuestBehaves)
{
    become_edge();
    std::mt19937 random{12};
    const auto upto = [&random](int most) {
        return std::chrono::microseconds{std::uniform_int_distribution{0, most}(random)};
    };
    unsigned rises = 0;
    unsigned taken = 0;
    for (int n = 0; n < 2000; ++n)
    {
        rise();
        ++rises;
        watch.pass(upto(30'000)); // until the guest opens its interrupts
        for (int tries = 0; tries < 200 && !vm().pending(guest_line); ++tries)
            watch.pass(100us);
        ASSERT_TRUE(vm().acknowledge(guest_line)) << n;
        watch.active = true;
        watch.pass(upto(3000)); // its handler comes to the device
        device().lower(0);
        ++taken;
        watch.pass(upto(1000)); // and ends
        watch.active = false;
        watch.pass(upto(20'000)); // until the next edge
        ASSERT_FALSE(vm().pending(guest_line)) << n;
    }
    EXPECT_EQ(taken, rises);
}

} // namespace
} // namespace aliasvm::devices
