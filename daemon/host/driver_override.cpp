// SPDX-License-Identifier: Apache-2.0
// power/control, driver_override, unbind, drivers_probe: in that order, each verified.
#include "daemon/host/driver_override.hpp"

#include "common/base/file.hpp"
#include "common/base/unique_fd.hpp"
#include "common/vfio/sysfs.hpp"

#include <fcntl.h>
#include <sys/utsname.h>

#include <cerrno>
#include <fstream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace aliasvm::daemon
{

namespace fs = std::filesystem;
using vfio::vfio_driver;

namespace
{

const std::string ours{vfio_driver};

bool switched_on(const fs::path& parameter)
{
    const std::string value = first_line(parameter);
    return value == "Y" || value == "1";
}

/// The parameter is vfio_platform's, or vfio_platform_base's where that is a module of its own.
bool reset_is_required(const fs::path& sysfs)
{
    std::error_code none;
    for (const auto& module : fs::directory_iterator{sysfs / "module", none})
    {
        if (module.path().filename().string().starts_with("vfio_platform") &&
            switched_on(module.path() / "parameters/reset_required"))
            return true;
    }
    return false;
}

} // namespace

void write_sysfs(const fs::path& file, const std::string& text)
{
    const UniqueFd fd{::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!fd.ok() || ::write(fd.get(), text.data(), text.size()) < 0)
        throw Error{errno, "write \"{}\" to {}", text.substr(0, text.find('\n')), file.string()};
}

DriverOverride::DriverOverride(std::string device, fs::path sysfs, SysfsWriter writer)
    : device_{std::move(device)}, sysfs_{std::move(sysfs)}, bus_{sysfs_ / "bus/platform"},
      node_{bus_ / "devices" / device_}, write_{std::move(writer)}
{
    // The name becomes part of a path that is written as root.
    if (device_.empty() || device_.front() == '.' || device_.find('/') != std::string::npos)
        throw Error{EINVAL, "use \"{}\" as the name of a platform device", device_};
    if (!fs::exists(node_))
        throw Error{ENODEV, "find {} on this host; its device tree must have it, status okay",
                    device_};
}

std::string DriverOverride::driver() const
{
    std::error_code none;
    const auto link = fs::read_symlink(node_ / "driver", none);
    return none ? std::string{} : link.filename().string();
}

bool DriverOverride::bound() const
{
    return driver() == ours;
}

void DriverOverride::bind(Force force) const
{
    const Before before{driver(), first_line(node_ / "power/control")};
    if (before.driver == ours)
        return;
    if (const std::string other = override_set(); !other.empty() && other != ours)
        throw Error{EBUSY,
                    "bind {} to {}: somebody has set its driver_override to {}; lift that first "
                    "(driverctl -b platform unset-override {})",
                    device_,
                    ours,
                    other,
                    device_};
    if (!before.driver.empty())
    {
        if (force == Force::no)
            throw HeldByDriver{device_, before.driver};
        if (!fs::exists(bus_ / "drivers" / before.driver / "unbind"))
            throw Error{EPERM,
                        "take {} from the host's driver {}: that driver cannot be unbound "
                        "(suppress_bind_attrs); change the node's compatible in the host's device "
                        "tree to one that no driver takes",
                        device_, before.driver};
    }
    try
    {
        take(before);
    }
    catch (const Error& error)
    {
        if (const std::string left = undo_take(before); !left.empty())
            throw Error{error.code().value(), "bind {}: {}; and then, to undo it: {}", device_,
                        error.what(), left};
        throw;
    }
}

void DriverOverride::take(const Before& before) const
{
    if (!before.driver.empty() && !before.power.empty())
        // A driver that is removed while its device sleeps switches clocks off that are off.
        write_(node_ / "power/control", "on");
    // Before unbinding, so that whoever finds a bind killed half-way can tell.
    set_override(ours);
    if (!before.driver.empty())
    {
        unbind(before.driver);
        if (const std::string still = driver(); !still.empty())
            throw Error{EBUSY, "take {} from the host's driver {}: {} has it still", device_,
                        before.driver, still};
    }
    probe();
    // drivers_probe succeeds even when the driver is not there or its probe failed.
    if (!bound())
        throw Error{ENODEV, "bind {} to {}: the driver did not take it: {}", device_, ours,
                    why_not_taken()};
}

/// Every step is tried, whatever became of the others. Says what could not be put back.
std::string DriverOverride::undo_take(const Before& before) const noexcept
{
    std::vector<std::string> failures;
    const auto attempt = [&failures](const auto& step)
    {
        try
        {
            step();
        }
        catch (const std::exception& error)
        {
            failures.emplace_back(error.what());
        }
    };
    attempt(
        [&]
        {
            if (bound())
                unbind(ours);
        });
    attempt(
        [&]
        {
            if (override_set() == ours)
                set_override("");
        });
    if (!before.driver.empty())
        attempt(
            [&]
            {
                if (driver().empty())
                    probe();
                if (driver() != before.driver)
                    throw Error{ENODEV, "give {} back to {}, which did not take it", device_,
                                before.driver};
            });
    attempt(
        [&]
        {
            if (first_line(node_ / "power/control") != before.power)
                write_(node_ / "power/control", before.power);
        });
    return fmt::format("{}", fmt::join(failures, "; "));
}

void DriverOverride::release() const
{
    const bool had = bound();
    if (had)
        unbind(ours);
    const bool lift = override_set() == ours;
    if (lift)
        set_override("");
    if ((had || lift) && driver().empty())
        probe();
}

/// What is the matter with this host, as far as sysfs shows it; dmesg has the driver's own words.
std::string DriverOverride::why_not_taken() const
{
    if (!fs::exists(bus_ / "drivers" / ours))
        return "it is not loaded (modprobe vfio-platform reset_required=0)";

    std::vector<std::string> causes;
    if (reset_is_required(sysfs_))
        causes.emplace_back("it is loaded with reset_required=Y, and there is no reset driver for "
                            "this device (vfio_platform.reset_required=0)");
    const fs::path noiommu = sysfs_ / "module/vfio/parameters/enable_unsafe_noiommu_mode";
    const bool grouped = fs::exists(node_ / "iommu_group");
    if (!grouped && !fs::exists(noiommu))
        causes.emplace_back("the device is in no IOMMU group, and this kernel has no noiommu mode "
                            "(give the node a stream id in the host's device tree, or a kernel "
                            "with CONFIG_VFIO_NOIOMMU)");
    else if (!grouped && !switched_on(noiommu))
        causes.emplace_back("the device is in no IOMMU group, and noiommu mode is off "
                            "(vfio.enable_unsafe_noiommu_mode=1, or give the node a stream id in "
                            "the host's device tree)");
    if (!causes.empty())
        return fmt::format("{}", fmt::join(causes, "; "));

    struct utsname kernel
    {
    };
    ::uname(&kernel);
    return fmt::format("see dmesg; Linux before 6.3 takes no device without a reset driver, "
                       "whatever reset_required says (this is {}){}",
                       kernel.release,
                       grouped ? "; and the device or its SMMU has to be dma-coherent in the "
                                 "host's device tree"
                               : "");
}

std::string DriverOverride::override_set() const
{
    // The kernel prints a pointer that is null like this.
    const std::string text = first_line(node_ / "driver_override");
    return text == "(null)" ? std::string{} : text;
}

void DriverOverride::set_override(const std::string& driver) const
{
    // An empty override is written as a lone newline: sysfs drops a write of no bytes.
    write_(node_ / "driver_override", driver + "\n");
}

void DriverOverride::probe() const
{
    write_(bus_ / "drivers_probe", device_);
}

void DriverOverride::unbind(const std::string& driver) const
{
    write_(bus_ / "drivers" / driver / "unbind", device_);
}

} // namespace aliasvm::daemon
