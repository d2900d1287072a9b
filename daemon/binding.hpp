// SPDX-License-Identifier: Apache-2.0
// Binds platform devices to vfio-platform through sysfs, and gives them back.
#pragma once

#include <filesystem>
#include <string>

namespace aliasvm::daemon
{

/// Binding of one device, by its name below bus/platform/devices. Needs root. Throws Error, and
/// leaves the device as it was when it does. Source: Documentation/ABI/testing/sysfs-bus-platform
/// (driver_override).
class Binding
{
public:
    /// `sysfs` is another tree in tests.
    explicit Binding(std::string device, std::filesystem::path sysfs = "/sys");

    /// Whether vfio-platform has it now.
    [[nodiscard]] bool bound() const;

    /// Hands the device to vfio-platform; nothing to do if it is there. A device that another
    /// driver has is refused: taking it away is not safe for every driver, and some (xilinx_uartps)
    /// cannot be unbound at all.
    void bind() const;

    /// Takes the device from vfio-platform and lifts the override; nothing to do if it is not
    /// there.
    void release() const;

private:
    [[nodiscard]] std::string driver() const;
    void write(const std::filesystem::path& file, const std::string& text) const;
    [[nodiscard]] bool override_is_ours() const;
    void set_override(const std::string& driver) const;

    std::string device_;
    std::filesystem::path bus_;
    std::filesystem::path node_;
};

} // namespace aliasvm::daemon
