// SPDX-License-Identifier: Apache-2.0
// What is not right with a bus master's IOMMU group for VFIO, and the mend.
#pragma once

#include "common/vfio/sysfs.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aliasvm::vfio
{

/// Why VFIO answers EINVAL to binding a device behind an IOMMU that is not cache-coherent, and the
/// mend; empty if that is not so, or cannot be known.
[[nodiscard]] std::string coherency_obstacle(const Sysfs& sysfs, std::string_view device);

/// Why a group cannot be opened that is open already, and the mend where that is another device of
/// it, which may be another VM's.
[[nodiscard]] std::string why_busy(const Sysfs& sysfs, std::uint32_t group);

} // namespace aliasvm::vfio
