// SPDX-License-Identifier: Apache-2.0
// The host's time, and a timer on it. That it follows a clock that is set, the board's test shows.
#include "vmm/machine/host_clock.hpp"

#include <poll.h>

#include <ctime>

#include <gtest/gtest.h>

namespace aliasvm::machine
{
namespace
{

using namespace std::chrono_literals;

bool wakes(const HostClock& clock, int milliseconds)
{
    pollfd timer{clock.descriptor(), POLLIN, 0};
    return ::poll(&timer, 1, milliseconds) == 1;
}

TEST(TheHostsClock, TellsTheTimeOfDay)
{
    HostClock clock;
    const auto before = std::chrono::seconds{::time(nullptr)};
    const auto now = clock.now();
    EXPECT_GE(now, before);
    EXPECT_LT(now, std::chrono::seconds{::time(nullptr)} + 1s);
}

TEST(TheHostsClock, WakesAtTheTimeAndOnce)
{
    HostClock clock;
    EXPECT_FALSE(wakes(clock, 0));
    const auto time = clock.now() + 50ms;
    clock.wake_at(time);
    ASSERT_TRUE(wakes(clock, 10'000));
    EXPECT_GE(clock.now(), time);
    clock.woken();
    EXPECT_FALSE(wakes(clock, 100));
}

TEST(TheHostsClock, WakesAtOnceForWhatIsPast)
{
    HostClock clock;
    for (const auto past : {clock.now() - 1h, HostClock::Time{}, HostClock::Time{-5}})
    {
        clock.wake_at(past);
        EXPECT_TRUE(wakes(clock, 10'000)) << past.count();
        clock.woken();
    }
}

TEST(TheHostsClock, ForgetsWhatWasAskedForBefore)
{
    HostClock clock;
    clock.wake_at(clock.now() + 30ms);
    clock.wake_at(std::nullopt);
    EXPECT_FALSE(wakes(clock, 100));
    clock.wake_at(clock.now() - 1s);
    clock.wake_at(HostClock::Time::max()); // no later time can be said
    EXPECT_FALSE(wakes(clock, 100));
    clock.woken(); // of nothing: it does not wait
}

} // namespace
} // namespace aliasvm::machine
