// SPDX-License-Identifier: Apache-2.0
// The container ioctls of VFIO's type1 and noiommu drivers.
#include "common/vfio/linux_container.hpp"

#include "common/base/error.hpp"
#include "common/base/ioctl.hpp"

#include <linux/vfio.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace aliasvm::vfio
{

namespace
{

unsigned long driver_of(LinuxContainer::Kind kind)
{
    // v2: unmapping never splits a mapping, and large ones use the IOMMU's large pages.
    return kind == LinuxContainer::Kind::type1 ? VFIO_TYPE1v2_IOMMU : VFIO_NOIOMMU_IOMMU;
}

const char* mend_of_kind(LinuxContainer::Kind kind)
{
    return kind == LinuxContainer::Kind::type1
               ? "load the module vfio_iommu_type1"
               : "load vfio with enable_unsafe_noiommu_mode=1 before binding the device";
}

const char* mend_of_enable(LinuxContainer::Kind kind, int error)
{
    if (error != EPERM)
        return "";
    // A GIC-400 cannot isolate message-signalled interrupts, so VFIO wants to be told.
    return kind == LinuxContainer::Kind::type1
               ? " (the interrupt controller isolates no MSIs: set allow_unsafe_interrupts=1 of "
                 "vfio_iommu_type1, in /etc/modprobe.d or its /sys/module/…/parameters)"
               : " (noiommu needs CAP_SYS_RAWIO)";
}

/// `size` is all that was to be mapped, of which one piece failed.
std::string mend_of_map(int error, std::uint64_t size)
{
    constexpr std::uint64_t kib = 1024;
    if (error != ENOMEM)
        return "";
    rlimit limit{};
    // Of this process: the kernel counts the pages against whoever maps them.
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return " (DMA pins memory, and the host has not enough of it)";
    return fmt::format(" (DMA pins memory: this alone needs {} KiB of locked memory, and the limit "
                       "for all of it is {} KiB; raise LimitMEMLOCK= of the unit)",
                       size / kib, limit.rlim_cur / kib);
}

/// False if `value` would not lie wholly within `bytes`.
template <class T>
bool read_at(std::span<const std::byte> bytes, std::size_t offset, T& value)
{
    if (offset > bytes.size() || bytes.size() - offset < sizeof value)
        return false;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return true;
}

/// All of VFIO_IOMMU_GET_INFO, with the chain of capabilities behind the fixed part.
std::vector<std::byte> iommu_info(int container)
{
    std::vector<std::byte> bytes(sizeof(vfio_iommu_type1_info));
    for (;;)
    {
        vfio_iommu_type1_info info{};
        info.argsz = static_cast<std::uint32_t>(bytes.size());
        std::memcpy(bytes.data(), &info, sizeof info);
        require_ioctl(container, VFIO_IOMMU_GET_INFO, bytes.data(),
                      "ask VFIO which DMA addresses are usable");
        std::memcpy(&info, bytes.data(), sizeof info);
        if (info.argsz <= bytes.size())
            return bytes;
        bytes.assign(info.argsz, std::byte{}); // what did not fit was left out
    }
}

/// Whole pages of the inclusive range [first, last]; nothing if there is none.
std::optional<GuestRange> whole_pages(std::uint64_t first, std::uint64_t last)
{
    constexpr std::uint64_t in_page = page_size - 1;
    if (first > std::numeric_limits<std::uint64_t>::max() - in_page)
        return std::nullopt;
    const std::uint64_t base = align_up(first, page_size);
    // One page less at the very top, where the end would not be a number.
    const std::uint64_t end = last == std::numeric_limits<std::uint64_t>::max()
                                  ? last - in_page
                                  : (last + 1) / page_size * page_size;
    if (end <= base)
        return std::nullopt;
    return GuestRange{GuestAddr{base}, end - base};
}

std::vector<GuestRange> ranges_of(std::span<const std::byte> info, std::size_t capability)
{
    std::vector<GuestRange> ranges;
    vfio_iommu_type1_info_cap_iova_range list{};
    if (!read_at(info, capability, list))
        return ranges;
    std::size_t at = capability + sizeof list;
    vfio_iova_range range{};
    for (std::uint32_t i = 0; i < list.nr_iovas && read_at(info, at, range); ++i)
    {
        if (const auto pages = whole_pages(range.start, range.end))
            ranges.push_back(*pages);
        at += sizeof range;
    }
    return ranges;
}

void unmap_exactly(int container, const GuestRange& iova)
{
    vfio_iommu_type1_dma_unmap request{};
    request.argsz = sizeof request;
    request.iova = iova.base.value;
    request.size = iova.size;
    require_ioctl(container, VFIO_IOMMU_UNMAP_DMA, &request, "take guest {:#x}..{:#x} from DMA",
                  iova.base.value, iova.last().value);
}

void map_exactly(int container, const GuestRange& iova, const std::byte* host, std::uint64_t whole)
{
    vfio_iommu_type1_dma_map request{};
    request.argsz = sizeof request;
    request.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
    request.vaddr = reinterpret_cast<std::uintptr_t>(host);
    request.iova = iova.base.value;
    request.size = iova.size;
    if (retrying_ioctl(container, VFIO_IOMMU_MAP_DMA, &request) < 0)
        throw Error{errno, "give guest {:#x}..{:#x} to DMA{}", iova.base.value, iova.last().value,
                    mend_of_map(errno, whole)};
}

/// Pieces that are to be unmapped again unless all of them came to be.
class Undo
{
public:
    explicit Undo(int container) : container_{container} {}
    Undo(const Undo&) = delete;
    Undo& operator=(const Undo&) = delete;
    ~Undo()
    {
        for (const GuestRange& piece : pieces_)
        {
            try
            {
                unmap_exactly(container_, piece);
            }
            catch (const Error&)
            {
                // The failure that brought us here is the one to report.
            }
        }
    }
    void add(const GuestRange& piece) { pieces_.push_back(piece); }
    void dismiss() noexcept { pieces_.clear(); }

private:
    int container_;
    std::vector<GuestRange> pieces_;
};

} // namespace

LinuxContainer::LinuxContainer(UniqueFd container, Kind kind)
    : fd_{std::move(container)}, kind_{kind}
{
    const int version =
        require_ioctl(fd(), VFIO_GET_API_VERSION, 0UL, "ask /dev/vfio/vfio for its version");
    if (version != VFIO_API_VERSION)
        throw Error{ENOTSUP, "use /dev/vfio/vfio, which speaks version {} of the API, not {}",
                    version, VFIO_API_VERSION};
    if (require_ioctl(fd(), VFIO_CHECK_EXTENSION, driver_of(kind_), "ask VFIO for its drivers") ==
        0)
        throw Error{ENOTSUP, "use /dev/vfio/vfio, which lacks an IOMMU driver ({})",
                    mend_of_kind(kind_)};
}

void LinuxContainer::enable()
{
    if (enabled_)
        return;
    if (retrying_ioctl(fd(), VFIO_SET_IOMMU, driver_of(kind_)) < 0)
        throw Error{errno, "choose VFIO's IOMMU driver{}", mend_of_enable(kind_, errno)};
    enabled_ = true;
}

std::vector<GuestRange> LinuxContainer::usable() const
{
    const std::vector<std::byte> bytes = iommu_info(fd());
    vfio_iommu_type1_info info{};
    std::size_t at = 0;
    if (read_at(bytes, 0, info) && (info.flags & VFIO_IOMMU_INFO_CAPS) != 0)
        at = info.cap_offset;
    vfio_info_cap_header header{};
    while (at != 0 && read_at(bytes, at, header))
    {
        if (header.id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)
            return ranges_of(bytes, at);
        // Offsets ascend; one that does not would be walked for ever.
        at = header.next > at ? header.next : 0;
    }
    throw Error{ENOTSUP, "ask VFIO which DMA addresses are usable: this kernel does not say "
                         "(Linux 5.4 does)"};
}

void LinuxContainer::map(const GuestRange& guest, std::byte* host)
{
    Undo undo{fd()};
    bool any = false;
    for (const GuestRange& range : usable())
    {
        const auto piece = intersection(guest, range);
        if (!piece)
            continue;
        map_exactly(fd(), *piece, host + (piece->base - guest.base), guest.size);
        undo.add(*piece);
        any = true;
    }
    if (!any)
        throw Error{ERANGE, "give guest {:#x}, {:#x} bytes, to DMA: the IOMMU reaches none of it",
                    guest.base.value, guest.size};
    undo.dismiss();
}

void LinuxContainer::unmap(const GuestRange& guest)
{
    // One request takes every mapping within the range, and does not mind the holes.
    unmap_exactly(fd(), guest);
}

} // namespace aliasvm::vfio
