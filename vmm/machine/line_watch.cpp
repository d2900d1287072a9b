// SPDX-License-Identifier: Apache-2.0
// An epoll over the lines' eventfds and one timer.
#include "vmm/machine/line_watch.hpp"

#include "common/base/error.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>

namespace aliasvm::machine
{

namespace
{

using devices::Watched;
using devices::WatchTime;

// IHI 0048, 4.3: a bit for each interrupt, and two of GICD_ICFGR.
constexpr std::uint32_t gicd_ispendr = 0x200;
constexpr std::uint32_t gicd_isactiver = 0x300;
constexpr std::uint32_t gicd_icfgr = 0xc00;
constexpr std::uint32_t word_bytes = 4;
constexpr std::uint32_t word_bits = 32;

/// `whose` is null for the timer.
void wait_for(int epoll, int descriptor, Watched* whose, const char* what)
{
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = whose;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) < 0)
        throw Error{errno, "wait for {}", what};
}

void wait_no_more(int epoll, const EventFd& event) noexcept
{
    ::epoll_ctl(epoll, EPOLL_CTL_DEL, event.get(), nullptr);
}

} // namespace

GuestLineWatch::GuestLineWatch(kvm::Vgic& vgic, VcpuThreads& vcpus)
    : vgic_{vgic}, vcpus_{vcpus}, epoll_{::epoll_create1(EPOLL_CLOEXEC)},
      timer_{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)}
{
    if (!epoll_.ok() || !timer_.ok())
        throw Error{errno, "make what waits for interrupt lines"};
    wait_for(epoll_.get(), timer_.get(), nullptr, "the time of an interrupt line");
}

void GuestLineWatch::add(Watched& watched, const EventFd& one, const EventFd& other)
{
    watched_.reserve(watched_.size() + 1);
    found_.reserve(found_.capacity() + 1); // as many as there are lines
    wait_for(epoll_.get(), one.get(), &watched, "an interrupt line");
    try
    {
        wait_for(epoll_.get(), other.get(), &watched, "an interrupt line");
    }
    catch (...)
    {
        wait_no_more(epoll_.get(), one);
        throw;
    }
    watched_.push_back(&watched);
}

void GuestLineWatch::remove(Watched& watched, const EventFd& one, const EventFd& other) noexcept
{
    wait_no_more(epoll_.get(), one);
    wait_no_more(epoll_.get(), other);
    std::erase(watched_, &watched);
    set_timer();
}

void GuestLineWatch::serve() noexcept
{
    std::array<epoll_event, 16> ready{}; // more of them are ready the next time as well
    const int count = ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), 0);
    const WatchTime now = std::chrono::steady_clock::now();
    for (int n = 0; n < count; ++n)
    {
        auto* const watched = static_cast<Watched*>(ready[static_cast<std::size_t>(n)].data.ptr);
        // It may have been forwarded by its other eventfd, and then neither is for us to read.
        if (std::ranges::find(watched_, watched) != watched_.end())
            watched->serve(now);
    }
    std::uint64_t expired = 0;
    [[maybe_unused]] const auto taken = ::read(timer_.get(), &expired, sizeof expired);
    // Backwards: one that is forwarded takes itself away.
    for (std::size_t n = watched_.size(); n-- > 0;)
    {
        if (const auto due = watched_[n]->due(); due && *due <= now)
            watched_[n]->serve(now);
    }
    set_timer();
}

std::vector<Spi> GuestLineWatch::take_found()
{
    const std::vector<Spi> taken = found_;
    found_.clear(); // and keeps its room: found_edge() does not allocate
    return taken;
}

void GuestLineWatch::set_timer() noexcept
{
    std::optional<WatchTime> next;
    for (const Watched* const watched : watched_)
    {
        const auto due = watched->due();
        if (due && (!next || *due < *next))
            next = due;
    }
    itimerspec when{}; // zero: never
    if (next)
    {
        using namespace std::chrono;
        // steady_clock is CLOCK_MONOTONIC, and a timer of 0 would be off.
        const auto since = std::max(next->time_since_epoch(), nanoseconds{1});
        when.it_value.tv_sec = duration_cast<seconds>(since).count();
        when.it_value.tv_nsec = (since % seconds{1}).count();
    }
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

devices::LineInGic GuestLineWatch::look(Spi line) noexcept
{
    const std::uint32_t id = line.intid();
    const auto bit = [&](std::uint32_t registers)
    {
        const kvm::GicdOffset word{registers + id / word_bits * word_bytes};
        return (vgic_.load_distributor({}, word) >> id % word_bits & 1) != 0;
    };
    devices::LineInGic found;
    vcpus_.while_still(
        GuestClock::runs,
        [&]
        {
            constexpr std::uint32_t lines_a_word = word_bits / 2;
            const kvm::GicdOffset word{gicd_icfgr + id / lines_a_word * word_bytes};
            const bool edge =
                (vgic_.load_distributor({}, word) >> (id % lines_a_word * 2) & 2) != 0;
            found = {edge ? Trigger::edge : Trigger::level, bit(gicd_ispendr), bit(gicd_isactiver)};
        });
    return found;
}

void GuestLineWatch::found_edge(Spi line) noexcept
{
    if (found_.size() < found_.capacity())
        found_.push_back(line);
}

} // namespace aliasvm::machine
