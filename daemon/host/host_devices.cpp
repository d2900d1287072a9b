// SPDX-License-Identifier: Apache-2.0
// The catalogue's names for devices against sysfs.
#include "daemon/host/host_devices.hpp"

#include <utility>

namespace aliasvm::daemon
{

HostDevices::HostDevices(std::filesystem::path sysfs) : sysfs_{std::move(sysfs)} {}

HostInstance HostDevices::look(const plan::Instance& instance) const
{
    HostInstance seen;
    const auto device = sysfs_.device(instance.sysname);
    if (!device)
        return seen;
    seen.present = true;
    seen.driver = device->driver.value_or("");
    if (device->group)
        seen.group =
            (device->group->noiommu ? "noiommu-" : "") + std::to_string(device->group->number);
    return seen;
}

} // namespace aliasvm::daemon
