// SPDX-License-Identifier: Apache-2.0
// Region, mapping and slot, and the way back in reverse.
#include "devices/passthrough/alias_window.hpp"

#include "common/base/error.hpp"

#include <cerrno>

namespace aliasvm::devices
{

namespace
{

/// Only whole pages of the region itself: a page that it shares with something else would let the
/// guest at that, too.
Mapping map_registers(vfio::PlatformDevice& device, vfio::RegionIndex index,
                      const GuestRange& guest)
{
    const vfio::Region region = device.region(index);
    if (!region.mappable || guest.size > region.size || guest.size == 0 ||
        !page_aligned(guest.size) || !page_aligned(guest.base.value))
        throw Error{EINVAL,
                    "put region {} of {} ({:#x} bytes, {}) at guest {:#x}, {:#x} bytes: whole "
                    "pages of the region are needed",
                    index.value,
                    device.name(),
                    region.size,
                    region.mappable ? "mappable" : "not mappable",
                    guest.base.value,
                    guest.size};
    return device.map(index);
}

} // namespace

AliasWindow::AliasWindow(kvm::Vm& vm, vfio::PlatformDevice& device, vfio::RegionIndex region,
                         kvm::SlotId slot, const GuestRange& guest)
    : vm_{vm}, slot_{slot}, guest_{guest}, registers_{map_registers(device, region, guest)}
{
}

void AliasWindow::show()
{
    if (shown_)
        return;
    vm_.set_slot(slot_, guest_, registers_.data());
    shown_ = true;
}

void AliasWindow::hide()
{
    if (!shown_)
        return;
    vm_.remove_slot(slot_);
    shown_ = false;
}

AliasWindow::~AliasWindow()
{
    try
    {
        hide();
    }
    catch (const Error&)
    {
        // KVM only refuses to remove what is not there.
    }
}

} // namespace aliasvm::devices
