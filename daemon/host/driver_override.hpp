// SPDX-License-Identifier: Apache-2.0
// DriverOverride: binds platform devices to vfio-platform through sysfs, and gives them back.
#pragma once

#include "daemon/ports/device_host.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace aliasvm::daemon
{

/// Writes `text` to a file of sysfs by one write(2). Throws Error with what the kernel answered.
using SysfsWriter = std::function<void(const std::filesystem::path& file, const std::string& text)>;

/// The SysfsWriter for a real sysfs. Does not follow a symbolic link in the last element.
void write_sysfs(const std::filesystem::path& file, const std::string& text);

/// Binds one device, by its name below bus/platform/devices. Keeps nothing of what it reads.
/// Needs root. Sources: Documentation/ABI/testing/sysfs-bus-platform (driver_override),
/// sysfs-devices-power (power/control).
///
/// An override of "vfio-platform" counts as ours: it is what a bind leaves that was killed. One of
/// any other driver is somebody else's, and is never touched.
class DriverOverride
{
public:
    /// Another tree and another writer are for tests. Throws Error if the host has no such device.
    explicit DriverOverride(std::string device, std::filesystem::path sysfs = "/sys",
                            SysfsWriter writer = write_sysfs);

    /// The driver that has it now; empty if none.
    [[nodiscard]] std::string driver() const;
    /// Whether vfio-platform has it now.
    [[nodiscard]] bool bound() const;

    /// Hands the device to vfio-platform; nothing to do if it is there. All or nothing: when it
    /// throws, driver, override (less one of ours) and power/control are as they were, or the
    /// message says what is not.
    ///
    /// Throws HeldByDriver if a driver of the host has it and `force` is no; Error if that driver
    /// cannot let go of it, if somebody else has set an override, or if vfio-platform does not take
    /// it: the message then names what on this host is in the way.
    void bind(Force force = Force::no) const;

    /// Takes the device from vfio-platform, lifts the override and lets a driver of the host have
    /// it, if there is one for it; nothing to do if vfio-platform neither has it nor is to have it.
    /// Waits for as long as somebody has the device open. power/control stays as bind() left it,
    /// which costs power at the most. Throws Error; may be called again then.
    void release() const;

private:
    /// What bind() changes beside the driver.
    struct Before
    {
        std::string driver;
        std::string power; ///< empty: no power management
    };

    void take(const Before& before) const;
    [[nodiscard]] std::string undo_take(const Before& before) const noexcept;
    [[nodiscard]] std::string why_not_taken() const;
    [[nodiscard]] std::string override_set() const;
    void set_override(const std::string& driver) const;
    void probe() const;
    void unbind(const std::string& driver) const;

    std::string device_;
    std::filesystem::path sysfs_;
    std::filesystem::path bus_;
    std::filesystem::path node_;
    SysfsWriter write_;
};

} // namespace aliasvm::daemon
