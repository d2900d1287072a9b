// SPDX-License-Identifier: Apache-2.0
// driver_override, drivers_probe, unbind: in that order, each verified.
#include "daemon/binding.hpp"

#include "vmm/base/error.hpp"
#include "vmm/base/unique_fd.hpp"
#include "vmm/vfio/sysfs.hpp"

#include <fcntl.h>

#include <cerrno>
#include <fstream>
#include <utility>

namespace aliasvm::daemon
{

using vfio::vfio_driver;

Binding::Binding(std::string device, std::filesystem::path sysfs)
    : device_{std::move(device)}, bus_{sysfs / "bus/platform"}, node_{bus_ / "devices" / device_}
{
    // The name becomes part of a path that is written as root.
    if (device_.empty() || device_.front() == '.' || device_.find('/') != std::string::npos)
        throw Error{EINVAL, "use \"{}\" as the name of a platform device", device_};
    if (!std::filesystem::exists(node_))
        throw Error{ENODEV, "find {} on this host; its device tree must have it, status okay",
                    device_};
}

bool Binding::bound() const
{
    return driver() == vfio_driver;
}

void Binding::bind() const
{
    if (bound())
        return;
    if (const std::string other = driver(); !other.empty())
        throw Error{EBUSY,
                    "bind {} to {}: the host's driver {} has it; give the node a compatible that "
                    "no host driver takes in the host's device tree",
                    device_, vfio_driver, other};
    set_override(std::string{vfio_driver});
    try
    {
        write(bus_ / "drivers_probe", device_);
        // drivers_probe succeeds even when the driver is not there or its probe failed.
        if (!bound())
            throw Error{ENODEV,
                        "bind {} to {}: the driver did not take it; is vfio-platform loaded, with "
                        "reset_required=0, and is there an IOMMU group or noiommu mode (see dmesg)",
                        device_, vfio_driver};
    }
    catch (const Error&)
    {
        set_override("");
        throw;
    }
}

void Binding::release() const
{
    if (bound())
        write(bus_ / "drivers" / vfio_driver / "unbind", device_);
    // Also where a bind was killed before the probe; but another driver's override is not ours.
    if (override_is_ours())
        set_override("");
}

bool Binding::override_is_ours() const
{
    std::ifstream file{node_ / "driver_override"};
    std::string driver;
    std::getline(file, driver);
    return driver == vfio_driver;
}

std::string Binding::driver() const
{
    std::error_code none;
    const auto link = std::filesystem::read_symlink(node_ / "driver", none);
    return none ? std::string{} : link.filename().string();
}

void Binding::set_override(const std::string& driver) const
{
    // An empty override is written as a lone newline: sysfs drops a write of no bytes.
    write(node_ / "driver_override", driver + "\n");
}

void Binding::write(const std::filesystem::path& file, const std::string& text) const
{
    const UniqueFd fd{::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!fd.ok() || ::write(fd.get(), text.data(), text.size()) < 0)
        throw Error{errno, "write to {} for {}", file.string(), device_};
}

} // namespace aliasvm::daemon
