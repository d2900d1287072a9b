// SPDX-License-Identifier: Apache-2.0
// From the name of a device to an open one, with an answer for everything that is in the way.
#include "common/vfio/linux_host.hpp"

#include "common/base/error.hpp"
#include "common/vfio/group_checks.hpp"
#include "common/vfio/linux_group.hpp"
#include "common/vfio/linux_platform_device.hpp"
#include "common/vfio/open.hpp"

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <utility>

namespace aliasvm::vfio
{

namespace
{

/// The group of a device that is fit to be opened.
IommuGroup require_ready(const Sysfs& sysfs, std::string_view name, Dma dma)
{
    const auto device = sysfs.device(name);
    if (!device)
        throw Error{ENODEV, "open {}: the host has no such platform device", name};
    if (device->driver != vfio_driver)
    {
        // A device that has no driver may be one that vfio-platform has refused.
        if (const auto why = coherency_obstacle(sysfs, name); !device->driver && !why.empty())
            throw Error{EINVAL, "open {}, which {} does not take: {}", name, vfio_driver, why};
        throw Error{EPERM, "open {}: it is bound to {} (bind it to {})", name,
                    device->driver.value_or("no driver"), vfio_driver};
    }
    if (!device->group)
        throw Error{ENODEV, "open {}: it has no IOMMU group ({})", name,
                    dma == Dma::iommu
                        ? "it does DMA: give it a stream id in the host's device tree and enable "
                          "the SMMU"
                        : "give it a stream id in the host's device tree, or load vfio with "
                          "enable_unsafe_noiommu_mode=1 before binding it"};
    if (dma == Dma::iommu && device->group->noiommu)
        throw Error{EPERM,
                    "open {}: it does DMA, and nothing confines that in a noiommu group (give it a "
                    "stream id in the host's device tree and enable the SMMU)",
                    name};
    if (dma == Dma::identity && !device->group->noiommu)
        throw Error{
            EPERM,
            "open {}: its DMA is to be at identity, and the IOMMU of group {} would stop it "
            "(write dma = \"iommu\")",
            name, device->group->number};
    return *device->group;
}

const char* mend_of_node(int error)
{
    switch (error)
    {
    case EACCES:
        return " (this user may not open it)";
    case ENOENT:
        return " (is the module vfio loaded?)";
    default:
        return "";
    }
}

std::string mend_of_group(const Sysfs& sysfs, const IommuGroup& group, int error)
{
    if (error == EPERM && group.noiommu)
        return " (noiommu needs CAP_SYS_RAWIO)";
    if (error == EBUSY)
        return " (" + why_busy(sysfs, group.number) + ")";
    return mend_of_node(error);
}

UniqueFd open_node(const std::filesystem::path& node)
{
    return UniqueFd{::open(node.c_str(), O_RDWR | O_CLOEXEC)};
}

} // namespace

std::unique_ptr<Host> open_host()
{
    return std::make_unique<LinuxHost>();
}

std::unique_ptr<PlatformDevice> adopt_device(UniqueFd device, std::string name)
{
    return std::make_unique<LinuxPlatformDevice>(std::move(device), std::move(name));
}

LinuxHost::LinuxHost(std::filesystem::path sysfs, std::filesystem::path dev_vfio)
    : sysfs_{std::move(sysfs)}, dev_vfio_{std::move(dev_vfio)}
{
}

std::unique_ptr<PlatformDevice> LinuxHost::open(std::string_view name, Dma dma)
{
    const IommuGroup which = require_ready(sysfs_, name, dma);
    std::string key{name};
    // First, since it tells whether somebody else has the device.
    const std::string node = (which.noiommu ? "noiommu-" : "") + std::to_string(which.number);
    UniqueFd group_fd = open_node(dev_vfio_ / node);
    if (!group_fd.ok())
        throw Error{errno, "open /dev/vfio/{} for {}{}", node, key,
                    mend_of_group(sysfs_, which, errno)};
    UniqueFd container_fd = open_node(dev_vfio_ / "vfio");
    if (!container_fd.ok())
        throw Error{errno, "open /dev/vfio/vfio{}", mend_of_node(errno)};

    const auto kind = which.noiommu ? LinuxContainer::Kind::noiommu : LinuxContainer::Kind::type1;
    auto container = std::make_shared<LinuxContainer>(std::move(container_fd), kind);
    const auto group = std::make_shared<LinuxGroup>(std::move(group_fd), which, container, sysfs_);
    UniqueFd device = group->open_device(key);
    if (dma != Dma::iommu)
        container.reset();
    return std::make_unique<LinuxPlatformDevice>(std::move(device), std::move(key), group,
                                                 std::move(container));
}

} // namespace aliasvm::vfio
