// SPDX-License-Identifier: Apache-2.0
// DeviceHost: the port to the physical devices of this host.
#pragma once

#include "common/base/dma.hpp"
#include "common/base/error.hpp"
#include "common/plan/catalogue.hpp"
#include "common/vfio/port.hpp"

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

namespace aliasvm::daemon
{

/// A driver of the host has the device, and it was not to be taken away.
class HeldByDriver : public Error
{
public:
    HeldByDriver(const std::string& device, std::string driver)
        : Error{EBUSY,
                "bind {} to vfio-platform: the host's driver {} has it; use force to take it away, "
                "or give the node a compatible that no host driver takes in the host's device tree",
                device, driver},
          driver_{std::move(driver)}
    {
    }

    [[nodiscard]] const std::string& driver() const noexcept { return driver_; }

private:
    std::string driver_;
};

/// Whether a device may be taken from a driver of the host that has it.
enum class Force : bool
{
    no,
    yes,
};

/// The physical devices. Throws Error, HeldByDriver; a device that another process has open
/// answers EBUSY to open().
class DeviceHost
{
public:
    virtual ~DeviceHost() = default;

    /// This host's device tree has it, status okay.
    [[nodiscard]] virtual bool present(const plan::Instance& instance) const = 0;
    /// vfio-platform has it.
    [[nodiscard]] virtual bool bound(const plan::Instance& instance) const = 0;
    /// No driver has it at all.
    [[nodiscard]] virtual bool unused(const plan::Instance& instance) const = 0;
    virtual void bind(const plan::Instance& instance, Force force) = 0;
    virtual void release(const plan::Instance& instance) = 0;
    /// What its DMA reaches on this host: nothing for one that is no bus master, and while it is
    /// bound, through an IOMMU or all memory.
    [[nodiscard]] virtual Dma dma(const plan::Instance& instance) const = 0;
    /// Exclusive, which is what ownership rests on: while this succeeds, nobody else has it.
    [[nodiscard]] virtual std::unique_ptr<vfio::PlatformDevice>
    open(const plan::Instance& instance) = 0;
};

} // namespace aliasvm::daemon
