// SPDX-License-Identifier: Apache-2.0
// LinuxHost: opens devices through /dev/vfio.
#pragma once

#include "common/vfio/port.hpp"
#include "common/vfio/sysfs.hpp"

#include <filesystem>
#include <memory>
#include <string_view>

namespace aliasvm::vfio
{

/// A device keeps its group and its container open, and the host none of them, so that they close
/// with the device: device, group, container. The kernel opens a group once at a time, so of the
/// devices in one, one can be open. Devices may outlive the host. Any thread.
class LinuxHost final : public Host
{
public:
    /// The paths are for tests. Opens nothing yet.
    explicit LinuxHost(std::filesystem::path sysfs = "/sys",
                       std::filesystem::path dev_vfio = "/dev/vfio");

    /// Errors say how to mend what the host's administrator can: another driver, no group, a group
    /// that is not viable, missing module parameters, no permission, somebody else has it.
    [[nodiscard]] std::unique_ptr<PlatformDevice> open(std::string_view name, Dma dma) override;

private:
    Sysfs sysfs_;
    std::filesystem::path dev_vfio_;
};

} // namespace aliasvm::vfio
