// SPDX-License-Identifier: Apache-2.0
// LinuxHost: opens devices through /dev/vfio and keeps their groups and containers.
#pragma once

#include "vmm/vfio/linux_group.hpp"
#include "vmm/vfio/port.hpp"
#include "vmm/vfio/sysfs.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace aliasvm::vfio
{

/// A device keeps its group open, a group its container; the host keeps none of them, so that they
/// close with the last device: device, group, container. Devices may outlive the host.
/// Threads: one at a time.
class LinuxHost final : public Host
{
public:
    /// The paths are for tests. Opens nothing yet.
    explicit LinuxHost(std::filesystem::path sysfs = "/sys",
                       std::filesystem::path dev_vfio = "/dev/vfio");

    /// Errors say how to mend what the host's administrator can: another driver, no group, a group
    /// that is not viable, missing module parameters, no permission, somebody else has it.
    [[nodiscard]] std::unique_ptr<PlatformDevice> open(std::string_view name, Dma dma) override;
    void map_memory(const GuestRange& guest, std::byte* host) override;
    void unmap_memory(const GuestRange& guest) override;

private:
    std::shared_ptr<LinuxContainer> container(LinuxContainer::Kind kind);
    std::shared_ptr<LinuxGroup> group(const IommuGroup& which, const std::string& device);

    Sysfs sysfs_;
    std::filesystem::path dev_vfio_;
    std::map<LinuxContainer::Kind, std::weak_ptr<LinuxContainer>> containers_;
    std::map<std::uint32_t, std::weak_ptr<LinuxGroup>> groups_;
    std::map<std::string, std::weak_ptr<const void>, std::less<>> devices_; ///< open ones
};

} // namespace aliasvm::vfio
