// SPDX-License-Identifier: Apache-2.0
// AliasWindow: the registers of a physical device at the address that the guest was built for.
#pragma once

#include "vmm/base/mapping.hpp"
#include "vmm/kvm/port.hpp"
#include "vmm/vfio/port.hpp"

namespace aliasvm::devices
{

/// A memory slot at the alias address over the device's own register window: the guest's loads and
/// stores reach the device through stage 2, Device-nGnRE, with no exit. There from construction to
/// destruction; the vCPUs may run meanwhile. Vm and device outlive the window.
class AliasWindow
{
public:
    /// `guest` may be smaller than the region, in whole pages, and starts where the region starts.
    /// Throws Error: the region is not mappable or too small, or the slot is refused.
    AliasWindow(kvm::Vm& vm, vfio::PlatformDevice& device, vfio::RegionIndex region,
                kvm::SlotId slot, const GuestRange& guest);
    ~AliasWindow();
    AliasWindow(const AliasWindow&) = delete;
    AliasWindow& operator=(const AliasWindow&) = delete;

    [[nodiscard]] const GuestRange& guest() const noexcept { return guest_; }

private:
    kvm::Vm& vm_;
    const kvm::SlotId slot_;
    const GuestRange guest_;
    Mapping registers_; ///< unmapped after the slot is gone
};

} // namespace aliasvm::devices
