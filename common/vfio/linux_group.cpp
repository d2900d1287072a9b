// SPDX-License-Identifier: Apache-2.0
// The group ioctls of VFIO.
#include "common/vfio/linux_group.hpp"

#include "common/base/error.hpp"
#include "common/base/ioctl.hpp"
#include "common/vfio/group_not_viable.hpp"

#include <linux/vfio.h>

#include <cerrno>
#include <utility>

#include <fmt/ranges.h>

namespace aliasvm::vfio
{

namespace
{

const char* mend_of_device(int error)
{
    switch (error)
    {
    case EPERM:
        return " (noiommu needs CAP_SYS_RAWIO)";
    case EINVAL:
    case ENOENT:
        return " (without a reset driver vfio-platform must be loaded with reset_required=0)";
    default:
        return "";
    }
}

} // namespace

LinuxGroup::LinuxGroup(UniqueFd group, const IommuGroup& which,
                       std::shared_ptr<LinuxContainer> container, const Sysfs& sysfs)
    : container_{std::move(container)}, fd_{std::move(group)}
{
    vfio_group_status status{};
    status.argsz = sizeof status;
    require_ioctl(fd_.get(), VFIO_GROUP_GET_STATUS, &status, "ask for the state of VFIO group {}",
                  which.number);
    if ((status.flags & VFIO_GROUP_FLAGS_VIABLE) == 0)
        throw GroupNotViable{EPERM,
                             "use VFIO group {}, of which a host driver has a part: {} (bind all "
                             "of them to {}, or to nothing)",
                             which.number, fmt::join(sysfs.members(which.number), ", "),
                             vfio_driver};
    const int container_fd = container_->fd();
    require_ioctl(fd_.get(), VFIO_GROUP_SET_CONTAINER, &container_fd,
                  "put VFIO group {} into a container", which.number);
    container_->enable();
}

UniqueFd LinuxGroup::open_device(const std::string& name)
{
    const int device = retrying_ioctl(fd_.get(), VFIO_GROUP_GET_DEVICE_FD, name.c_str());
    if (device < 0)
        throw Error{errno, "open {}{}", name, mend_of_device(errno)};
    return UniqueFd{device};
}

} // namespace aliasvm::vfio
