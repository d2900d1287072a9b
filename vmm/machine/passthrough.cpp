// SPDX-License-Identifier: Apache-2.0
// Each step over all windows or lines of a device.
#include "vmm/machine/passthrough.hpp"

#include "devices/passthrough/edge_line.hpp"
#include "devices/passthrough/level_line.hpp"

#include <algorithm>

namespace aliasvm::machine
{

namespace
{

using devices::AliasWindow;
using devices::PassthroughLine;
using State = PassthroughLine::State;

} // namespace

Passthrough::Passthrough(kvm::Vm& vm, vfio::Host& host, const plan::AliasPlan& alias,
                         kvm::SlotId first_slot)
    : host_{host}, confined_{alias.dma == Dma::iommu}, device_{host.open(alias.sysname, alias.dma)}
{
    for (const plan::Window& window : alias.windows)
    {
        windows_.emplace_back(vm, *device_, vfio::RegionIndex{window.vfio_region}, first_slot,
                              window.guest);
        ++first_slot.value;
    }
    for (const plan::Line& line : alias.lines)
    {
        const vfio::IrqIndex index{line.vfio_irq};
        const bool level = device_->irq(index).automasked;
        triggers_.push_back(level ? Trigger::level : Trigger::edge);
        if (level)
            lines_.push_back(std::make_unique<devices::LevelLine>(vm, *device_, index, line.guest));
        else
            lines_.push_back(std::make_unique<devices::EdgeLine>(vm, *device_, index, line.guest));
    }
}

Passthrough::~Passthrough() = default;

void Passthrough::begin_dma(DmaMemory& memory)
{
    if (confined_)
        dma_.emplace(memory, host_);
}

void Passthrough::end_dma()
{
    if (dma_)
        dma_->end();
}

void Passthrough::arm()
{
    for (auto& line : lines_)
        line->arm();
}

void Passthrough::go_live()
{
    for (auto& line : lines_)
        line->go_live();
}

// The next two pass over what is done already, so that they can finish a way out that failed in the
// middle and could not be undone either.

void Passthrough::quiesce()
{
    for (auto& line : lines_)
    {
        if (line->state() == State::live)
            line->quiesce();
    }
}

void Passthrough::disarm()
{
    for (auto& line : lines_)
    {
        if (line->state() != State::disarmed)
            line->disarm();
    }
}

void Passthrough::revive()
{
    for (auto& line : lines_)
    {
        if (line->state() == State::quiesced)
            line->disarm();
        if (line->state() == State::disarmed)
            line->arm();
        if (line->state() == State::masked)
            line->go_live();
    }
}

void Passthrough::show()
{
    try
    {
        std::ranges::for_each(windows_, &AliasWindow::show);
    }
    catch (...)
    {
        for (AliasWindow& window : windows_)
            devices::undo([&window] { window.hide(); });
        throw;
    }
}

void Passthrough::hide()
{
    try
    {
        std::ranges::for_each(windows_, &AliasWindow::hide);
    }
    catch (...)
    {
        for (AliasWindow& window : windows_)
            devices::undo([&window] { window.show(); });
        throw;
    }
}

bool Passthrough::shown() const noexcept
{
    return std::ranges::all_of(windows_, &AliasWindow::shown);
}

} // namespace aliasvm::machine
