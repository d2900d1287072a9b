// SPDX-License-Identifier: Apache-2.0
// LinuxPlatformDevice: one device of vfio-platform.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/vfio/linux_container.hpp"
#include "common/vfio/port.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::vfio
{

/// Documentation/driver-api/vfio.rst and uapi/linux/vfio.h. vfio-platform knows one interrupt an
/// index, so each request names sub-index 0, count 1.
class LinuxPlatformDevice final : public PlatformDevice
{
public:
    /// Owns a device descriptor, of VFIO_GROUP_GET_DEVICE_FD or handed over. `kept` is what must
    /// stay open while the device is; it is let go after the device is closed. `container` is that
    /// of a bus master that goes through an IOMMU, this device's alone. Throws Error.
    LinuxPlatformDevice(UniqueFd device, std::string name, std::shared_ptr<const void> kept = {},
                        std::shared_ptr<LinuxContainer> container = {});

    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    [[nodiscard]] Region region(RegionIndex index) const override;
    [[nodiscard]] Irq irq(IrqIndex index) const override;
    [[nodiscard]] Mapping map(RegionIndex index) override;
    void set_signal(IrqIndex index, const EventFd& event) override;
    void clear_signal(IrqIndex index) override;
    void set_unmask_on(IrqIndex index, const EventFd& resample) override;
    void clear_unmask(IrqIndex index) override;
    void mask(IrqIndex index) override;
    void unmask(IrqIndex index) override;
    [[nodiscard]] std::vector<GuestRange> dma_reach() const override;
    void map_memory(const GuestRange& guest, std::byte* host) override;
    void unmap_memory(const GuestRange& guest) override;
    [[nodiscard]] std::vector<int> descriptors() const override;

private:
    [[nodiscard]] LinuxContainer& container(std::string_view act) const;

    // Before the device: let go after it, the group before its container.
    std::shared_ptr<LinuxContainer> container_;
    std::shared_ptr<const void> kept_;
    UniqueFd fd_;
    std::string name_;
};

} // namespace aliasvm::vfio
