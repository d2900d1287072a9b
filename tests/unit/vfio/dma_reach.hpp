// SPDX-License-Identifier: Apache-2.0
// What tests of containers and of hosts share: an IOMMU's answer, sizes, descriptors.
#pragma once

#include <fcntl.h>
#include <linux/vfio.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace aliasvm::vfio
{

inline constexpr std::uint64_t mib = 1 << 20;

inline bool is_open(int fd)
{
    return ::fcntl(fd, F_GETFD) >= 0;
}

/// For VFIO_IOMMU_GET_INFO: 4 GiB from 0, in a chain of capabilities of one.
inline int tell_one_range(void* argument)
{
    auto* const bytes = static_cast<std::byte*>(argument);
    vfio_iommu_type1_info info{};
    std::memcpy(&info, bytes, sizeof info);
    vfio_iommu_type1_info_cap_iova_range head{};
    const vfio_iova_range range{0, 0xffff'ffff};
    const std::size_t all = sizeof info + sizeof head + sizeof range;
    const bool room = info.argsz >= all;
    info.argsz = static_cast<std::uint32_t>(all);
    info.flags = VFIO_IOMMU_INFO_CAPS;
    info.cap_offset = room ? static_cast<std::uint32_t>(sizeof info) : 0;
    std::memcpy(bytes, &info, sizeof info);
    if (!room)
        return 0;
    head.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
    head.nr_iovas = 1;
    std::memcpy(bytes + sizeof info, &head, sizeof head);
    std::memcpy(bytes + sizeof info + sizeof head, &range, sizeof range);
    return 0;
}

} // namespace aliasvm::vfio
