// SPDX-License-Identifier: Apache-2.0
// AliasWindow: the registers of a physical device at the address that the guest was built for.
#pragma once

#include "common/base/mapping.hpp"
#include "common/kvm/port.hpp"
#include "common/vfio/port.hpp"

namespace aliasvm::devices
{

/// A memory slot at the alias address over the device's own register window: the guest's loads and
/// stores reach the device through stage 2, Device-nGnRE, with no exit. Mapped here from
/// construction to destruction, and in the guest between show() and hide(). KVM lets the vCPUs run
/// meanwhile. Vm and device outlive the window. Threads: one at a time.
class AliasWindow
{
public:
    /// `guest` may be smaller than the region, in whole pages, and starts where the region starts.
    /// Hidden. Throws Error: the region is not mappable or too small.
    AliasWindow(kvm::Vm& vm, vfio::PlatformDevice& device, vfio::RegionIndex region,
                kvm::SlotId slot, const GuestRange& guest);
    ~AliasWindow(); ///< hides
    AliasWindow(const AliasWindow&) = delete;
    AliasWindow& operator=(const AliasWindow&) = delete;

    [[nodiscard]] const GuestRange& guest() const noexcept { return guest_; }
    [[nodiscard]] bool shown() const noexcept { return shown_; }
    /// The region, as this process sees it; the guest has it, too, while it is shown.
    [[nodiscard]] const Mapping& registers() const noexcept { return registers_; }

    /// Both throw Error and then leave the window as it was; nothing to do is done.
    void show();
    /// Waits until no vCPU can reach the registers any more.
    void hide();

private:
    kvm::Vm& vm_;
    const kvm::SlotId slot_;
    const GuestRange guest_;
    Mapping registers_; ///< unmapped after the slot is gone
    bool shown_{};
};

} // namespace aliasvm::devices
