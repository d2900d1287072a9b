// SPDX-License-Identifier: Apache-2.0
// DriverOverride and VFIO, one instance at a time.
#include "daemon/host/linux_device_host.hpp"

#include "common/vfio/open.hpp"
#include "common/vfio/sysfs.hpp"
#include "daemon/host/driver_override.hpp"

namespace aliasvm::daemon
{

bool LinuxDeviceHost::present(const plan::Instance& instance) const
{
    return std::filesystem::exists(sysfs_ / "bus/platform/devices" / instance.sysname);
}

bool LinuxDeviceHost::bound(const plan::Instance& instance) const
{
    return present(instance) && DriverOverride{instance.sysname, sysfs_}.bound();
}

bool LinuxDeviceHost::unused(const plan::Instance& instance) const
{
    return present(instance) && DriverOverride{instance.sysname, sysfs_}.driver().empty();
}

void LinuxDeviceHost::bind(const plan::Instance& instance, Force force)
{
    DriverOverride{instance.sysname, sysfs_}.bind(force);
}

void LinuxDeviceHost::release(const plan::Instance& instance)
{
    DriverOverride{instance.sysname, sysfs_}.release();
}

Dma LinuxDeviceHost::dma(const plan::Instance& instance) const
{
    if (!instance.dma())
        return Dma::none;
    const auto device = vfio::Sysfs{sysfs_}.device(instance.sysname);
    return device && device->group && device->group->noiommu ? Dma::identity : Dma::iommu;
}

std::unique_ptr<vfio::PlatformDevice> LinuxDeviceHost::open(const plan::Instance& instance)
{
    return vfio::open_host()->open(instance.sysname, dma(instance));
}

} // namespace aliasvm::daemon
