// SPDX-License-Identifier: Apache-2.0
// From the name of a device to an open one, with an answer for everything that is in the way.
#include "vmm/vfio/linux_host.hpp"

#include "vmm/base/error.hpp"
#include "vmm/vfio/group_checks.hpp"
#include "vmm/vfio/linux_platform_device.hpp"
#include "vmm/vfio/open.hpp"

#include <fcntl.h>

#include <cerrno>
#include <optional>
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

const char* mend_of_group(const IommuGroup& group, int error)
{
    switch (error)
    {
    case EBUSY:
        return " (another process has it open)";
    case EPERM:
        return group.noiommu ? " (noiommu needs CAP_SYS_RAWIO)" : "";
    case EACCES:
        return " (this user may not open it)";
    case ENOENT:
        return " (is the module vfio loaded?)";
    default:
        return "";
    }
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
    // The kernel would open a device of our own group again and again.
    std::string key{name};
    if (!devices_[key].expired())
        throw Error{EBUSY, "open {}, which this process has open", name};

    const auto opened_group = group(which, key);
    UniqueFd device = opened_group->open_device(key);
    // A lease of its own for each device tells when that device is closed.
    const auto lease = std::make_shared<const std::shared_ptr<LinuxGroup>>(opened_group);
    const bool confined = dma == Dma::iommu;
    const auto container = confined ? std::optional{opened_group->container().fd()} : std::nullopt;
    auto opened = std::make_unique<LinuxPlatformDevice>(std::move(device), key, lease, container);
    if (confined)
        opened_group->container().note_dma();
    devices_[key] = lease;
    return opened;
}

std::shared_ptr<LinuxContainer> LinuxHost::container(LinuxContainer::Kind kind)
{
    if (auto existing = containers_[kind].lock())
        return existing;
    UniqueFd fd = open_node(dev_vfio_ / "vfio");
    if (!fd.ok())
        throw Error{errno, "open /dev/vfio/vfio{}", mend_of_group({}, errno)};
    auto fresh = std::make_shared<LinuxContainer>(std::move(fd), kind);
    containers_[kind] = fresh;
    return fresh;
}

std::shared_ptr<LinuxGroup> LinuxHost::group(const IommuGroup& which, const std::string& device)
{
    if (auto existing = groups_[which.number].lock())
        return existing;
    const std::string node = (which.noiommu ? "noiommu-" : "") + std::to_string(which.number);
    UniqueFd fd = open_node(dev_vfio_ / node);
    if (!fd.ok())
        throw Error{errno, "open /dev/vfio/{} for {}{}", node, device, mend_of_group(which, errno)};
    const auto kind = which.noiommu ? LinuxContainer::Kind::noiommu : LinuxContainer::Kind::type1;
    auto fresh = std::make_shared<LinuxGroup>(std::move(fd), which, container(kind), sysfs_);
    groups_[which.number] = fresh;
    return fresh;
}

void LinuxHost::map_memory(const GuestRange& guest, std::byte* host)
{
    if (const auto type1 = containers_[LinuxContainer::Kind::type1].lock(); type1 && type1->dma())
        type1->map(guest, host);
}

void LinuxHost::unmap_memory(const GuestRange& guest)
{
    if (const auto type1 = containers_[LinuxContainer::Kind::type1].lock(); type1 && type1->dma())
        type1->unmap(guest);
}

} // namespace aliasvm::vfio
