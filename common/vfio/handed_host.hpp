// SPDX-License-Identifier: Apache-2.0
// HandedHost: devices that a privileged process opened, for a process that may not.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/vfio/port.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace aliasvm::vfio
{

/// A device must be handed in before it can be opened, as often as it is. No group is needed: the
/// kernel keeps a device's group and container for as long as the device is open. Each bus master
/// comes with a container of its own. Devices may outlive the host. Threads: one at a time.
class HandedHost final : public Host
{
public:
    /// The descriptors are those of PlatformDevice::descriptors() in the other process: the device
    /// and, if an IOMMU confines its DMA, its container. Under a name that waits already, these
    /// take the place of the ones from before. Throws Error if it is another number of them, or one
    /// is not open.
    void hand_in(std::string name, std::vector<UniqueFd> descriptors);

    /// Adopts what was handed in, once: it is used up, also when the opening fails. Throws Error:
    /// ENODEV if nothing was handed in, EBUSY if this process has the device open, EINVAL if it is
    /// a bus master that goes through an IOMMU without a container, or at identity with one.
    [[nodiscard]] std::unique_ptr<PlatformDevice> open(std::string_view name, Dma dma) override;

private:
    std::map<std::string, std::vector<UniqueFd>, std::less<>> handed_in_;
    std::map<std::string, std::weak_ptr<const void>, std::less<>> devices_; ///< open ones
};

} // namespace aliasvm::vfio
