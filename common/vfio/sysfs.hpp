// SPDX-License-Identifier: Apache-2.0
// Sysfs: what the host says of its platform devices and their IOMMU groups.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::vfio
{

/// A device's IOMMU group. vfio makes a noiommu group for a device behind no IOMMU when it is bound
/// while enable_unsafe_noiommu_mode is on; such a group confines nothing.
struct IommuGroup
{
    std::uint32_t number{};
    bool noiommu{};

    friend bool operator==(const IommuGroup&, const IommuGroup&) = default;
};

struct HostDevice
{
    std::string name;                  ///< below bus/platform/devices, "ff010000.serial"
    std::optional<std::string> driver; ///< bound to it now
    std::optional<IommuGroup> group;
};

/// The name of the driver that lets VFIO have a platform device.
inline constexpr std::string_view vfio_driver = "vfio-platform";

/// Reads afresh each time and keeps nothing; any thread. What another process changes in between is
/// seen or not, so whoever acts on an answer still checks the errors of the act.
class Sysfs
{
public:
    /// `root` is where sysfs is mounted.
    explicit Sysfs(std::filesystem::path root = "/sys");

    /// Nothing if there is no such device. Never leaves the directory of platform devices, whatever
    /// the name. Throws std::filesystem::filesystem_error if sysfs cannot be read.
    [[nodiscard]] std::optional<HostDevice> device(std::string_view name) const;

    /// Every device of a group with its driver, for a message: "ff0e0000.ethernet (macb)".
    [[nodiscard]] std::vector<std::string> members(std::uint32_t group) const;

    /// Whether a device, or else the IOMMU in front of it, is cache-coherent by the host's device
    /// tree. Nothing where sysfs does not tell: no device tree, no IOMMU. A property of a parent
    /// counts, as for the kernel.
    [[nodiscard]] std::optional<bool> coherent(std::string_view name) const;

private:
    std::filesystem::path root_;
};

} // namespace aliasvm::vfio
