// SPDX-License-Identifier: Apache-2.0
// LinuxGroup: the devices that an IOMMU cannot tell apart, opened as one.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/vfio/linux_container.hpp"
#include "common/vfio/sysfs.hpp"

#include <memory>
#include <string>

namespace aliasvm::vfio
{

/// In its container from construction to destruction; closing the group takes it out. The kernel
/// lets one process at a time have a group. Everything throws Error. Threads: one at a time.
class LinuxGroup
{
public:
    /// Owns an open /dev/vfio/N or /dev/vfio/noiommu-N. `sysfs` is asked only for the message when
    /// a device of the group is in the hands of a host driver.
    LinuxGroup(UniqueFd group, const IommuGroup& which, std::shared_ptr<LinuxContainer> container,
               const Sysfs& sysfs);

    [[nodiscard]] LinuxContainer& container() noexcept { return *container_; }

    [[nodiscard]] UniqueFd open_device(const std::string& name);

private:
    std::shared_ptr<LinuxContainer> container_; ///< before the group: closed after it
    UniqueFd fd_;
};

} // namespace aliasvm::vfio
