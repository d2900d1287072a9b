// SPDX-License-Identifier: Apache-2.0
// Source: drivers/vfio/vfio_main.c.
#include "common/vfio/group_checks.hpp"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace aliasvm::vfio
{

std::string coherency_obstacle(const Sysfs& sysfs, std::string_view device)
{
    if (sysfs.coherent(device).value_or(true))
        return "";
    return fmt::format("neither {} nor its IOMMU is cache-coherent in the host's device tree, and "
                       "VFIO takes no other device since Linux 5.19 (add dma-coherent to the "
                       "device's node, not to the SMMU's)",
                       device);
}

std::string why_busy(const Sysfs& sysfs, std::uint32_t group)
{
    const std::vector<std::string> members = sysfs.members(group);
    if (members.size() < 2)
        return "it is open already";
    return fmt::format("one of its devices is open already, and the IOMMU cannot tell them apart: "
                       "{}; give each a stream id of its own in the host's device tree, or only "
                       "one of them to VMs",
                       fmt::join(members, ", "));
}

} // namespace aliasvm::vfio
