// SPDX-License-Identifier: Apache-2.0
// LinuxPlatformDevice: one device of vfio-platform.
#pragma once

#include "vmm/base/unique_fd.hpp"
#include "vmm/vfio/port.hpp"

#include <memory>
#include <optional>

namespace aliasvm::vfio
{

/// Documentation/driver-api/vfio.rst and uapi/linux/vfio.h. vfio-platform knows one interrupt an
/// index, so each request names sub-index 0, count 1.
class LinuxPlatformDevice final : public PlatformDevice
{
public:
    /// Owns a device descriptor, of VFIO_GROUP_GET_DEVICE_FD or handed over. `group` is what must
    /// stay open while the device is; it is let go after the device is closed. `container` is that
    /// of a bus master, kept open by `group`. Throws Error.
    LinuxPlatformDevice(UniqueFd device, std::string name, std::shared_ptr<const void> group = {},
                        std::optional<int> container = {});

    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    [[nodiscard]] std::uint32_t region_count() const override { return region_count_; }
    [[nodiscard]] std::uint32_t irq_count() const override { return irq_count_; }
    [[nodiscard]] Region region(RegionIndex index) const override;
    [[nodiscard]] Irq irq(IrqIndex index) const override;
    [[nodiscard]] Mapping map(RegionIndex index) override;
    void set_trigger(IrqIndex index, const EventFd& trigger) override;
    void clear_trigger(IrqIndex index) override;
    void set_unmask_on(IrqIndex index, const EventFd& resample) override;
    void clear_unmask(IrqIndex index) override;
    void mask(IrqIndex index) override;
    void unmask(IrqIndex index) override;
    [[nodiscard]] std::vector<int> descriptors() const override;

private:
    std::shared_ptr<const void> group_; ///< before the device: let go after it
    UniqueFd fd_;
    std::optional<int> container_;
    std::string name_;
    std::uint32_t region_count_{};
    std::uint32_t irq_count_{};
};

} // namespace aliasvm::vfio
