// SPDX-License-Identifier: Apache-2.0
// The catalogue's names for devices against sysfs.
#include "daemon/host/host_devices.hpp"

#include <utility>

namespace aliasvm::daemon
{

HostDevices::HostDevices(const plan::Catalogue& catalogue, std::filesystem::path sysfs)
    : catalogue_{catalogue}, sysfs_{std::move(sysfs)}
{
}

std::vector<const plan::Instance*> HostDevices::present() const
{
    std::vector<const plan::Instance*> found;
    for (const plan::Instance& instance : catalogue_.instances())
    {
        if (sysfs_.device(instance.sysname))
            found.push_back(&instance);
    }
    return found;
}

HostInstance HostDevices::look(const plan::Instance& instance) const
{
    HostInstance seen{.instance = &instance, .driver = {}, .group = {}, .present = false};
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

std::vector<std::string> HostDevices::group_members(const plan::Instance& instance) const
{
    const auto device = sysfs_.device(instance.sysname);
    if (!device || !device->group)
        return {};
    return sysfs_.members(device->group->number);
}

} // namespace aliasvm::daemon
