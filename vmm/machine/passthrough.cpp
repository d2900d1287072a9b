// SPDX-License-Identifier: Apache-2.0
// Each step over all windows or lines of a device.
#include "vmm/machine/passthrough.hpp"

#include "common/base/error.hpp"
#include "common/quiesce/quiesce.hpp"
#include "devices/passthrough/edge_line.hpp"
#include "devices/passthrough/level_line.hpp"

#include <algorithm>
#include <cerrno>

namespace aliasvm::machine
{

namespace
{

using devices::AliasWindow;
using devices::PassthroughLine;
using State = PassthroughLine::State;

} // namespace

Passthrough::Passthrough(kvm::Vm& vm, devices::LineWatch& watch, vfio::Host& host,
                         const plan::AliasPlan& alias, kvm::SlotId first_slot)
    : kind_{alias.dma}, compatible_{alias.compatible}, device_{host.open(alias.sysname, alias.dma)}
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
            lines_.push_back(
                std::make_unique<devices::LevelLine>(vm, *device_, index, line.guest, &watch));
        else
            lines_.push_back(std::make_unique<devices::EdgeLine>(vm, *device_, index, line.guest));
    }
}

Passthrough::~Passthrough()
{
    lines_.clear();
    devices::undo([this] { hide(); });
    // Before the memory goes: a master that goes on would have the IOMMU report it. Whoever has the
    // device next makes sure of it, so there is nothing to do about one that does not stop.
    if (!dma_stopped_)
        static_cast<void>(stop_dma());
    devices::undo([this] { end_dma(); });
}

void Passthrough::begin_dma(const DmaMemory& memory)
{
    if (kind_ != Dma::iommu)
        return;
    memory.map(*device_);
    dma_ = &memory;
}

void Passthrough::end_dma()
{
    if (dma_ == nullptr)
        return;
    dma_->unmap(*device_);
    dma_ = nullptr;
}

bool Passthrough::stop_dma() noexcept
{
    if (kind_ == Dma::none)
        return true;
    quiesce::MappedRegisters registers{windows_.front().registers()};
    return quiesce::bring_to_rest(compatible_, registers) != quiesce::Rest::still_busy;
}

quiesce::SavedRegisters Passthrough::bring_to_rest()
{
    quiesce::MappedRegisters registers{windows_.front().registers()};
    auto saved = quiesce::SavedRegisters::save(compatible_, registers);
    if (!stop_dma())
    {
        saved.restore(registers); // as far as one that does not rest takes it
        throw Error{EBUSY, "stop the DMA of {}", device_->name()};
    }
    dma_stopped_ = true;
    return saved;
}

void Passthrough::restore(const quiesce::SavedRegisters& saved)
{
    quiesce::MappedRegisters registers{windows_.front().registers()};
    saved.restore(registers);
    dma_stopped_ = false;
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

void Passthrough::stop_interrupts()
{
    for (auto& line : lines_)
    {
        if (line->state() == State::live)
            line->stop();
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
        if (line->state() == State::stopped)
            line->disarm();
        if (line->state() == State::disarmed)
            line->arm();
        if (line->state() == State::masked)
            line->go_live();
    }
}

void Passthrough::show()
{
    dma_stopped_ = false;
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
