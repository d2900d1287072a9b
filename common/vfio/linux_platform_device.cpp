// SPDX-License-Identifier: Apache-2.0
// The device ioctls of VFIO.
#include "common/vfio/linux_platform_device.hpp"

#include "common/base/error.hpp"
#include "common/base/ioctl.hpp"

#include <linux/vfio.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

namespace aliasvm::vfio
{

namespace
{

constexpr std::int32_t no_eventfd = -1;

/// vfio_irq_set ends in data of no fixed size; one descriptor is all that is ever sent.
using IrqRequest = std::array<std::byte, sizeof(vfio_irq_set) + sizeof(std::int32_t)>;

IrqRequest irq_request(IrqIndex index, std::uint32_t action, std::uint32_t count,
                       std::optional<std::int32_t> eventfd)
{
    vfio_irq_set header{};
    header.argsz = static_cast<std::uint32_t>(sizeof header + (eventfd ? sizeof *eventfd : 0));
    header.flags = action | (eventfd ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE);
    header.index = index.value;
    header.start = 0;
    header.count = count;
    IrqRequest request{};
    std::memcpy(request.data(), &header, sizeof header);
    if (eventfd)
        std::memcpy(request.data() + sizeof header, &*eventfd, sizeof *eventfd);
    return request;
}

vfio_region_info region_info(int device, RegionIndex index, const std::string& name)
{
    vfio_region_info info{};
    info.argsz = sizeof info;
    info.index = index.value;
    require_ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info, "ask for region {} of {}",
                  index.value, name);
    return info;
}

void set_irq(int device, const IrqRequest& request, IrqIndex index, const char* act,
             const std::string& name)
{
    if (retrying_ioctl(device, VFIO_DEVICE_SET_IRQS, request.data()) < 0)
        // Any of these answers what request_irq() said when the device was opened: vfio-platform
        // asks for every interrupt then, and keeps the refusals.
        throw Error{errno,
                    "{} interrupt {} of {}{}",
                    act,
                    index.value,
                    name,
                    errno == EBUSY ? " (the host already uses that interrupt, or the device tree "
                                     "lists it twice)"
                                   : ""};
}

} // namespace

LinuxPlatformDevice::LinuxPlatformDevice(UniqueFd device, std::string name,
                                         std::shared_ptr<const void> kept,
                                         std::shared_ptr<LinuxContainer> container)
    : container_{std::move(container)}, kept_{std::move(kept)}, fd_{std::move(device)},
      name_{std::move(name)}
{
    vfio_device_info info{};
    info.argsz = sizeof info;
    require_ioctl(fd_.get(), VFIO_DEVICE_GET_INFO, &info, "ask what {} is", name_);
    if ((info.flags & VFIO_DEVICE_FLAGS_PLATFORM) == 0)
        throw Error{ENOTSUP, "use {}, which is no platform device", name_};
}

Region LinuxPlatformDevice::region(RegionIndex index) const
{
    const auto info = region_info(fd_.get(), index, name_);
    return {info.size, (info.flags & VFIO_REGION_INFO_FLAG_MMAP) != 0};
}

Irq LinuxPlatformDevice::irq(IrqIndex index) const
{
    vfio_irq_info info{};
    info.argsz = sizeof info;
    info.index = index.value;
    require_ioctl(fd_.get(), VFIO_DEVICE_GET_IRQ_INFO, &info, "ask for interrupt {} of {}",
                  index.value, name_);
    return {(info.flags & VFIO_IRQ_INFO_AUTOMASKED) != 0};
}

Mapping LinuxPlatformDevice::map(RegionIndex index)
{
    const auto info = region_info(fd_.get(), index, name_);
    if ((info.flags & VFIO_REGION_INFO_FLAG_MMAP) == 0)
        throw Error{EINVAL, "map region {} of {}, whose base or size is not page-aligned",
                    index.value, name_};
    return Mapping::shared(fd_.get(), info.offset, info.size,
                           fmt::format("region {} of {}", index.value, name_));
}

void LinuxPlatformDevice::set_signal(IrqIndex index, const EventFd& event)
{
    set_irq(fd_.get(), irq_request(index, VFIO_IRQ_SET_ACTION_TRIGGER, 1, event.get()), index,
            "connect", name_);
}

void LinuxPlatformDevice::clear_signal(IrqIndex index)
{
    // Count 0 takes the eventfd away; DATA_NONE with count 1 would fire it instead.
    set_irq(fd_.get(), irq_request(index, VFIO_IRQ_SET_ACTION_TRIGGER, 0, std::nullopt), index,
            "disconnect", name_);
}

void LinuxPlatformDevice::set_unmask_on(IrqIndex index, const EventFd& resample)
{
    set_irq(fd_.get(), irq_request(index, VFIO_IRQ_SET_ACTION_UNMASK, 1, resample.get()), index,
            "resample", name_);
}

void LinuxPlatformDevice::clear_unmask(IrqIndex index)
{
    set_irq(fd_.get(), irq_request(index, VFIO_IRQ_SET_ACTION_UNMASK, 1, no_eventfd), index,
            "stop resampling", name_);
}

void LinuxPlatformDevice::mask(IrqIndex index)
{
    set_irq(fd_.get(), irq_request(index, VFIO_IRQ_SET_ACTION_MASK, 1, std::nullopt), index, "mask",
            name_);
}

void LinuxPlatformDevice::unmask(IrqIndex index)
{
    set_irq(fd_.get(), irq_request(index, VFIO_IRQ_SET_ACTION_UNMASK, 1, std::nullopt), index,
            "unmask", name_);
}

LinuxContainer& LinuxPlatformDevice::container(std::string_view act) const
{
    if (!container_)
        throw Error{EINVAL, "{} {}, whose DMA no IOMMU confines", act, name_};
    return *container_;
}

std::vector<GuestRange> LinuxPlatformDevice::dma_reach() const
{
    return container("ask for the reach of").usable();
}

void LinuxPlatformDevice::map_memory(const GuestRange& guest, std::byte* host)
{
    container("give guest memory to").map(guest, host);
}

void LinuxPlatformDevice::unmap_memory(const GuestRange& guest)
{
    container("take guest memory from").unmap(guest);
}

std::vector<int> LinuxPlatformDevice::descriptors() const
{
    std::vector<int> all{fd_.get()};
    if (container_)
        all.push_back(container_->fd());
    return all;
}

} // namespace aliasvm::vfio
