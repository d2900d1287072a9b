// SPDX-License-Identifier: Apache-2.0
// What has to be right with a bus master's IOMMU group before VFIO is to have it.
#pragma once

#include "common/vfio/sysfs.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace aliasvm::vfio
{

/// Writes to a file of sysfs by one write(2); throws Error.
using WriteFile = std::function<void(const std::filesystem::path& file, const std::string& text)>;

/// Makes sure that the DMA of a group reaches nothing while nobody has the group. When a VMM dies,
/// the kernel puts its groups back to their default domain at once, quiet or not. One of type
/// "identity" (the host runs with iommu.passthrough=1) then lets a device that is still busy write
/// to the host-physical addresses that equal its guest's; "DMA" maps nothing that no driver asked
/// for.
///
/// Writes the type if it is another one. The kernel allows that with CAP_SYS_ADMIN and
/// CAP_SYS_RAWIO, and while no driver has a device of the group; before Linux 6.4 vfio-platform
/// counts as one too. With a device tree, before Linux 6.15, a group appears when a driver is first
/// bound to one of its devices, and stays: then bind, call this, and if it throws unbind, call it
/// again and bind.
///
/// Throws Error with the mend, and with the errno of the writing.
void confine_when_idle(const Sysfs& sysfs, std::uint32_t group, const WriteFile& write);

/// Why VFIO answers EINVAL to binding a device behind an IOMMU that is not cache-coherent, and the
/// mend; empty if that is not so, or cannot be known.
[[nodiscard]] std::string coherency_obstacle(const Sysfs& sysfs, std::string_view device);

/// Why a group cannot be opened that is open already, and the mend where that is another device of
/// it, which may be another VM's.
[[nodiscard]] std::string why_busy(const Sysfs& sysfs, std::uint32_t group);

} // namespace aliasvm::vfio
