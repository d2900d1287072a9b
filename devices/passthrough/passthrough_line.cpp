// SPDX-License-Identifier: Apache-2.0
// The transitions of a passed-through line.
#include "devices/passthrough/passthrough_line.hpp"

#include <stdexcept>

#include <fmt/format.h>

namespace aliasvm::devices
{

namespace
{

void require(bool allowed, const char* step, Spi line)
{
    if (!allowed)
        throw std::logic_error{fmt::format("{} guest SPI {} (INTID {}) out of order", step,
                                           line.dt_cell(), line.intid())};
}

} // namespace

PassthroughLine::PassthroughLine(kvm::Vm& vm, vfio::PlatformDevice& device, vfio::IrqIndex index,
                                 Spi guest)
    : vm_{vm}, device_{device}, index_{index}, guest_{guest}
{
}

void PassthroughLine::arm()
{
    require(state_ == State::disarmed, "arm", guest_);
    do_arm();
    state_ = State::masked;
}

void PassthroughLine::go_live()
{
    require(state_ == State::masked, "let live", guest_);
    do_go_live();
    state_ = State::live;
}

void PassthroughLine::stop()
{
    require(state_ == State::live, "stop", guest_);
    do_stop();
    state_ = State::stopped;
}

void PassthroughLine::disarm()
{
    require(state_ == State::masked || state_ == State::stopped, "disarm", guest_);
    do_disarm();
    state_ = State::disarmed;
}

void PassthroughLine::take_down() noexcept
{
    // Each on its own: a device that is gone must not keep KVM's side from being taken away.
    if (state_ == State::live)
    {
        undo([this] { do_stop(); });
        state_ = State::stopped;
    }
    if (state_ != State::disarmed)
    {
        undo([this] { do_disarm(); });
        state_ = State::disarmed;
    }
}

} // namespace aliasvm::devices
