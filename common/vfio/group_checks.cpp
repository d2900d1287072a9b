// SPDX-License-Identifier: Apache-2.0
// Sources: drivers/iommu/iommu.c (iommu_group_store_type), drivers/vfio/vfio_main.c.
#include "common/vfio/group_checks.hpp"

#include "common/base/error.hpp"

#include <cerrno>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace aliasvm::vfio
{

namespace
{

/// "unknown" is a group without a default domain, which leaves it to the hardware.
bool confines(const std::string& type)
{
    return type == "DMA" || type == "DMA-FQ" || type == "blocked";
}

const char* mend_of_type(int error)
{
    switch (error)
    {
    case EACCES:
        return "it takes CAP_SYS_ADMIN and CAP_SYS_RAWIO";
    case EPERM:
    case EBUSY:
        return "unbind all of them first";
    default:
        return "this kernel cannot";
    }
}

} // namespace

void confine_when_idle(const Sysfs& sysfs, std::uint32_t group, const WriteFile& write)
{
    const std::string before = sysfs.domain_type(group);
    if (confines(before))
        return;
    if (before.empty())
        throw Error{ENOTSUP,
                    "find out where the DMA of IOMMU group {} goes when nobody has it: this kernel "
                    "does not say (Linux 5.11 does)",
                    group};
    int refused = 0;
    try
    {
        write(sysfs.domain_type_file(group), "DMA");
    }
    catch (const Error& error)
    {
        refused = error.code().value();
    }
    if (const std::string after = sysfs.domain_type(group); !confines(after))
        throw Error{refused != 0 ? refused : EIO,
                    "confine IOMMU group {} ({}), whose DMA goes past the IOMMU when nobody has it "
                    "(its type is {}): {}; or boot the host without iommu.passthrough=1",
                    group,
                    fmt::join(sysfs.members(group), ", "),
                    after.empty() ? before : after,
                    mend_of_type(refused)};
}

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
