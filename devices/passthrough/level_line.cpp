// SPDX-License-Identifier: Apache-2.0
// The order of mask, signal, irqfd and resampling; and what is done by hand until the kernel can.
#include "devices/passthrough/level_line.hpp"

#include "common/base/error.hpp"

#include <algorithm>

namespace aliasvm::devices
{

using std::chrono::duration_cast;
using std::chrono::microseconds;

void LevelLine::do_arm()
{
    path_ = watch_ == nullptr ? Path::forwarded : Path::watched;
    // An EOI that came while the line was being disarmed left a count, which would make VFIO unmask
    // the moment it listens again.
    resample_.drain();
    fired_.drain();
    // Masked before there is an eventfd: then that can come in go_live() without the line being
    // live for a moment.
    device_.mask(index_);
    vm_.add_level_irqfd(guest_, event_, resample_);
    try
    {
        if (path_ == Path::forwarded)
            device_.set_unmask_on(index_, resample_);
        else
            watch_->add(*this, fired_, resample_);
    }
    catch (...)
    {
        undo([this] { vm_.remove_irqfd(guest_, event_); });
        throw;
    }
    // A failed step leaves the line masked, which without an eventfd means nothing.
}

void LevelLine::do_go_live()
{
    device_.set_signal(index_, path_ == Path::forwarded ? event_ : fired_);
    try
    {
        // By hand: nobody says EOI for an interrupt that never came. An interrupt that waits fires
        // now, into a path that is complete.
        device_.unmask(index_);
    }
    catch (...)
    {
        undo([this] { device_.clear_signal(index_); });
        throw;
    }
}

void LevelLine::do_stop()
{
    device_.mask(index_);
    try
    {
        // The mask alone does not do: the guest's EOI for the last interrupt would unmask.
        device_.clear_signal(index_);
    }
    catch (...)
    {
        undo([this] { device_.unmask(index_); });
        throw;
    }
    due_.reset();
    if (fired_.drain())
        event_.signal();
}

void LevelLine::do_disarm()
{
    if (path_ == Path::forwarded)
        device_.clear_unmask(index_);
    try
    {
        vm_.remove_irqfd(guest_, event_);
    }
    catch (...)
    {
        if (path_ == Path::forwarded)
            undo([this] { device_.set_unmask_on(index_, resample_); });
        throw;
    }
    if (path_ != Path::forwarded)
        watch_->remove(*this, fired_, resample_);
}

// ---- by hand -----------------------------------------------------------------------------------

void LevelLine::serve(WatchTime now) noexcept
{
    const bool ended = resample_.drain();
    if (state() != State::live)
        return;
    if (ended)
        return forward();
    if (fired_.drain())
        fired(now);
    else if (due_ && *due_ <= now)
        come_due(now);
}

bool LevelLine::may_be_the_last(WatchTime now) const noexcept
{
    return unmasked_ && passed_on_ &&
           (late_ || now - *unmasked_ < at_once || now - *passed_on_ < period_ * 3 / 4);
}

void LevelLine::fired(WatchTime now) noexcept
{
    if (path_ == Path::as_edge && !idle_ && may_be_the_last(now))
    {
        const LineInGic line = watch_->look(guest_);
        if (line.pending || line.active)
        {
            // The guest has not come to its device yet: what it was told holds.
            late_ = true;
            delay_ = std::min(2 * delay_, longest_wait);
            due_ = now + delay_;
            return;
        }
        // It may have come to it between the interrupt and the look: then the line is low by now,
        // and what is high from here on is a new edge.
        idle_ = true;
        return unmask_by_hand(now);
    }
    pass_on(now);
}

void LevelLine::pass_on(WatchTime now) noexcept
{
    event_.signal();
    period_ = longest_look;
    if (passed_on_)
        period_ = std::min(period_, duration_cast<microseconds>(now - *passed_on_));
    if (path_ == Path::watched)
        delay_ = first_look;
    else if (idle_ && unmasked_ && now - *unmasked_ < at_once)
        // A guest that leaves its device's line high is not to be stormed.
        delay_ = std::min(2 * delay_, longest_mask);
    else
        delay_ = std::clamp(period_ / part_of_period, shortest_mask, longest_mask);
    passed_on_ = now;
    late_ = false;
    idle_ = false;
    unmasked_.reset();
    due_ = now + delay_;
}

void LevelLine::come_due(WatchTime now) noexcept
{
    if (path_ == Path::watched)
    {
        if (watch_->look(guest_).trigger == Trigger::level)
        {
            // It may have interrupts masked, or the line disabled.
            delay_ = std::min(2 * delay_, longest_look);
            due_ = now + delay_;
            return;
        }
        path_ = Path::as_edge;
        delay_ = first_look;
        watch_->found_edge(guest_);
    }
    unmask_by_hand(now);
}

void LevelLine::unmask_by_hand(WatchTime now) noexcept
{
    due_.reset();
    unmasked_ = now;
    try
    {
        device_.unmask(index_);
    }
    catch (const Error&)
    {
        due_ = now + longest_look; // the device is being taken away, or will take it then
    }
}

/// The guest has said EOI, and KVM has told: it has the line as level. VFIO has it masked.
void LevelLine::forward() noexcept
{
    try
    {
        device_.set_unmask_on(index_, resample_);
        device_.set_signal(index_, event_);
    }
    catch (const Error&)
    {
        // As before then, by hand; and a signal that could not be changed may be gone.
        undo([this] { device_.clear_unmask(index_); });
        undo([this] { device_.set_signal(index_, fired_); });
        return unmask_by_hand(std::chrono::steady_clock::now());
    }
    watch_->remove(*this, fired_, resample_);
    path_ = Path::forwarded;
    due_.reset();
    undo([this] { device_.unmask(index_); });
}

} // namespace aliasvm::devices
