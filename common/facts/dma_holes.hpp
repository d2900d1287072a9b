// SPDX-License-Identifier: Apache-2.0
// Finds out which addresses the host's IOMMU keeps from the DMA of guests.
#pragma once

#include "common/base/address.hpp"
#include "common/plan/catalogue.hpp"

#include <filesystem>
#include <vector>

namespace aliasvm::facts
{

/// What the kernel reserves in the IOMMU groups of the catalogue's bus masters: the union over all
/// of them, because an alias can be bound to another instance while its VM runs. Whole pages,
/// ascending, none touching another. Empty without an IOMMU. Needs no privilege.
///
/// With a device tree, Linux before 6.15 makes a group when a driver is first bound to one of its
/// devices. So if no bus master of the catalogue has a group yet, other devices' groups stand in
/// for it: a driver of an IOMMU reserves the same for all. On a host that has none at all the
/// answer is empty though there is an IOMMU; LinuxContainer::usable() is what counts then.
[[nodiscard]] std::vector<GuestRange> dma_holes(const plan::Catalogue& catalogue,
                                                const std::filesystem::path& sysfs = "/sys");

} // namespace aliasvm::facts
