// SPDX-License-Identifier: Apache-2.0
// The order of mask, signal, irqfd and resampling.
#include "devices/passthrough/level_line.hpp"

namespace aliasvm::devices
{

void LevelLine::do_arm()
{
    // An EOI that came while the line was being disarmed left a count, which would make VFIO unmask
    // the moment it listens again.
    resample_.drain();
    // Masked before there is an eventfd: then that can come in go_live() without the line being
    // live for a moment.
    device_.mask(index_);
    vm_.add_level_irqfd(guest_, event_, resample_);
    try
    {
        device_.set_unmask_on(index_, resample_);
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
    device_.set_signal(index_, event_);
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
}

void LevelLine::do_disarm()
{
    device_.clear_unmask(index_);
    try
    {
        vm_.remove_irqfd(guest_, event_);
    }
    catch (...)
    {
        undo([this] { device_.set_unmask_on(index_, resample_); });
        throw;
    }
}

} // namespace aliasvm::devices
