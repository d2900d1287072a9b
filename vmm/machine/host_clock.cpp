// SPDX-License-Identifier: Apache-2.0
// A timer that the kernel tells of clocks being set.
#include "vmm/machine/host_clock.hpp"

#include "common/base/error.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>

namespace aliasvm::machine
{

namespace
{

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds at_once{1}; // long past; 0 would be never

/// Readable at `time`, and when somebody sets the clock. False if somebody has since it was set
/// last: `time` may be of another time then.
bool set(int timer, nanoseconds time) noexcept
{
    const auto since = std::max(time, at_once);
    itimerspec when{};
    when.it_value.tv_sec = std::chrono::duration_cast<seconds>(since).count();
    when.it_value.tv_nsec = (since % seconds{1}).count();
    return ::timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr) ==
           0;
}

} // namespace

HostClock::HostClock() : timer_{::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK)}
{
    if (!timer_.ok())
        throw Error{errno, "make a timer for the real-time clock"};
}

void HostClock::woken() noexcept
{
    // ECANCELED: the clock was set. Which it was, the device sees by the time.
    std::uint64_t expired = 0;
    [[maybe_unused]] const auto taken = ::read(timer_.get(), &expired, sizeof expired);
}

HostClock::Time HostClock::now() noexcept
{
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return seconds{now.tv_sec} + nanoseconds{now.tv_nsec};
}

void HostClock::wake_at(std::optional<Time> time) noexcept
{
    if (!time)
    {
        const itimerspec never{};
        ::timerfd_settime(timer_.get(), 0, &never, nullptr);
    }
    else if (!set(timer_.get(), *time))
        set(timer_.get(), at_once);
}

} // namespace aliasvm::machine
