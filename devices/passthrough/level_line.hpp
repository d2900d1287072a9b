// SPDX-License-Identifier: Apache-2.0
// LevelLine: a level interrupt of a physical device, as one of the guest's.
#pragma once

#include "devices/passthrough/passthrough_line.hpp"

namespace aliasvm::devices
{

/// The kernel masks the physical line each time it fires, and unmasks it when the guest has said
/// EOI: a device that still wants something then fires again, so that a level is neither lost nor
/// a storm. That loop needs the guest's line to be level in its GIC too (Vgic::preset_trigger).
///
///     device → GIC → VFIO masks, signals eventfd → KVM raises `guest`
///     guest's EOI → KVM lowers it, signals resample → VFIO unmasks
///
/// What VFIO's mask is, from drivers/vfio/platform/vfio_platform_irq.c (6.12): a flag of one level
/// beside the enable of the interrupt itself, not a depth. MASK and UNMASK twice are MASK and
/// UNMASK once, MASK is legal before there ever was an eventfd, and UNMASK without one fires
/// nothing.
class LevelLine final : public PassthroughLine
{
public:
    LevelLine(kvm::Vm& vm, vfio::PlatformDevice& device, vfio::IrqIndex index, Spi guest)
        : PassthroughLine{vm, device, index, guest}
    {
    }
    ~LevelLine() override { take_down(); }

private:
    void do_arm() override;
    void do_go_live() override;
    void do_stop() override;
    void do_disarm() override;

    EventFd resample_; ///< signalled by KVM, taken by VFIO
};

} // namespace aliasvm::devices
