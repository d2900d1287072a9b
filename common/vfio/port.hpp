// SPDX-License-Identifier: Apache-2.0
// The port to VFIO: a platform device's register windows and interrupts, free of ioctls.
#pragma once

#include "common/base/address.hpp"
#include "common/base/dma.hpp"
#include "common/base/event_fd.hpp"
#include "common/base/mapping.hpp"

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::vfio
{

/// Index of a register window of one device, in the order of `reg` in the host's device tree.
struct RegionIndex
{
    std::uint32_t value{};
    friend auto operator<=>(RegionIndex, RegionIndex) = default;
};

/// Index of an interrupt of one device, in the order of `interrupts` in the host's device tree.
/// It has no relation to any interrupt number.
struct IrqIndex
{
    std::uint32_t value{};
    friend auto operator<=>(IrqIndex, IrqIndex) = default;
};

struct Region
{
    std::uint64_t size{};
    bool mappable{}; ///< base and size are page-aligned: vfio-platform offers mmap only then
};

struct Irq
{
    bool automasked{}; ///< level: masked by the kernel when it fires, until unmasked. Edge: false
};

/// One device bound to vfio-platform and opened. Everything throws Error, with the device's name.
/// Any thread; calls that change one interrupt are not made at the same time.
class PlatformDevice
{
public:
    virtual ~PlatformDevice() = default;

    /// The name below /sys/bus/platform/devices, "ff010000.serial".
    [[nodiscard]] virtual const std::string& name() const noexcept = 0;

    [[nodiscard]] virtual Region region(RegionIndex index) const = 0;
    [[nodiscard]] virtual Irq irq(IrqIndex index) const = 0;

    /// The window itself, uncached. It may outlive nothing of the device: unmap before closing.
    [[nodiscard]] virtual Mapping map(RegionIndex index) = 0;

    /// The kernel signals `event` when the interrupt fires; a level one is then masked.
    virtual void set_signal(IrqIndex index, const EventFd& event) = 0;
    /// No eventfd any more; waits for a running handler.
    virtual void clear_signal(IrqIndex index) = 0;
    /// A count on `resample` unmasks the interrupt, in the kernel. Level only.
    virtual void set_unmask_on(IrqIndex index, const EventFd& resample) = 0;
    virtual void clear_unmask(IrqIndex index) = 0;
    /// Level only: the kernel answers EINVAL for edge interrupts. A flag and no depth: twice is
    /// once. Legal with or without an eventfd; without one, unmask() fires nothing.
    virtual void mask(IrqIndex index) = 0;
    virtual void unmask(IrqIndex index) = 0;

    /// The guest-physical addresses that map_memory() can make reachable, ascending.
    [[nodiscard]] virtual std::vector<GuestRange> dma_reach() const = 0;
    /// Makes guest memory reachable by this device's DMA, IOVA = guest-physical, leaving out what
    /// the IOMMU reserves (the kernel's MSI window at IOVA 0x08000000 on arm). Only for a bus
    /// master that was opened with Dma::iommu: EINVAL for others. The memory must stay until
    /// unmap_memory() of the same range, or until the device is closed.
    virtual void map_memory(const GuestRange& guest, std::byte* host) = 0;
    virtual void unmap_memory(const GuestRange& guest) = 0;

    /// What another process needs to use this device after it is handed over: the device and, if an
    /// IOMMU confines its DMA, the container that does. Owned by this object: pass duplicates on.
    [[nodiscard]] virtual std::vector<int> descriptors() const = 0;
};

/// Where a machine gets its devices. Opening is exclusive: an instance that somebody else has
/// answers EBUSY. Everything throws Error.
class Host
{
public:
    virtual ~Host() = default;

    /// Opens a device that is bound to vfio-platform. `name` as below /sys/bus/platform/devices.
    /// A bus master that goes through an IOMMU needs an IOMMU group, and is refused in a noiommu
    /// group, where nothing would confine its DMA. One at identity is refused everywhere else: an
    /// IOMMU would stop all that it does.
    [[nodiscard]] virtual std::unique_ptr<PlatformDevice> open(std::string_view name, Dma dma) = 0;
};

} // namespace aliasvm::vfio
