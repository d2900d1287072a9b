// SPDX-License-Identifier: Apache-2.0
// Lines are made once, and taken through their states together.
#include "vmm/machine/irq_router.hpp"

#include "devices/passthrough/edge_line.hpp"
#include "devices/passthrough/level_line.hpp"

namespace aliasvm::machine
{

/// An emulated device's output, driven through KVM_IRQ_LINE.
class IrqRouter::KvmLine final : public devices::IrqLine
{
public:
    KvmLine(kvm::Vm& vm, Spi guest) : vm_{vm}, guest_{guest} {}

    void set(bool level) noexcept override { vm_.set_line(guest_, level); }

private:
    kvm::Vm& vm_;
    Spi guest_;
};

IrqRouter::IrqRouter(kvm::Vm& vm, kvm::Vgic& vgic) : vm_{vm}, vgic_{vgic} {}

devices::IrqLine& IrqRouter::emulated(Spi guest)
{
    vgic_.preset_trigger(guest, Trigger::level);
    emulated_.push_back(std::make_unique<KvmLine>(vm_, guest));
    return *emulated_.back();
}

void IrqRouter::passthrough(vfio::PlatformDevice& device, vfio::IrqIndex index, Spi guest)
{
    const bool is_level = device.irq(index).automasked;
    vgic_.preset_trigger(guest, is_level ? Trigger::level : Trigger::edge);
    if (is_level)
        passthrough_.push_back(std::make_unique<devices::LevelLine>(vm_, device, index, guest));
    else
        passthrough_.push_back(std::make_unique<devices::EdgeLine>(vm_, device, index, guest));
}

void IrqRouter::arm()
{
    for (auto& line : passthrough_)
        line->arm();
}

void IrqRouter::go_live()
{
    for (auto& line : passthrough_)
        line->go_live();
}

} // namespace aliasvm::machine
