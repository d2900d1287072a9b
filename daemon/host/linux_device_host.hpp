// SPDX-License-Identifier: Apache-2.0
// LinuxDeviceHost: the devices of this machine, through sysfs and /dev/vfio.
#pragma once

#include "daemon/ports/device_host.hpp"

#include <filesystem>
#include <memory>

namespace aliasvm::daemon
{

/// Needs root. A device that is opened here takes a container of its own along.
class LinuxDeviceHost final : public DeviceHost
{
public:
    explicit LinuxDeviceHost(std::filesystem::path sysfs = "/sys") : sysfs_{std::move(sysfs)} {}

    [[nodiscard]] bool present(const plan::Instance& instance) const override;
    [[nodiscard]] bool bound(const plan::Instance& instance) const override;
    [[nodiscard]] bool unused(const plan::Instance& instance) const override;
    void bind(const plan::Instance& instance, Force force) override;
    void release(const plan::Instance& instance) override;
    [[nodiscard]] Dma dma(const plan::Instance& instance) const override;
    [[nodiscard]] std::unique_ptr<vfio::PlatformDevice>
    open(const plan::Instance& instance) override;

private:
    std::filesystem::path sysfs_;
};

} // namespace aliasvm::daemon
