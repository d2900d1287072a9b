// SPDX-License-Identifier: Apache-2.0
// Symbolic links and small files below /sys (Documentation/ABI/testing/sysfs-kernel-iommu_groups
// and sysfs-class-iommu).
#include "common/vfio/sysfs.hpp"

#include "common/base/file.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace aliasvm::vfio
{

namespace fs = std::filesystem;

namespace
{

/// Where a link of sysfs points, by the last element; nothing if there is no such link.
std::optional<std::string> target_name(const fs::path& link)
{
    std::error_code error;
    const fs::path target = fs::read_symlink(link, error);
    if (error)
        return std::nullopt;
    return target.filename().string();
}

std::optional<IommuGroup> group_of(const fs::path& device)
{
    const auto text = target_name(device / "iommu_group");
    if (!text)
        return std::nullopt;
    IommuGroup group;
    const char* const end = text->data() + text->size();
    if (const auto parsed = std::from_chars(text->data(), end, group.number);
        parsed.ec != std::errc{} || parsed.ptr != end)
        return std::nullopt;
    // Most groups have no name, and no such file.
    group.noiommu = first_line(device / "iommu_group" / "name") == "vfio-noiommu";
    return group;
}

/// Of the node of a device, or the nearest one above it that says either. Nothing without a node.
std::optional<bool> coherent_node(const fs::path& device)
{
    std::error_code error;
    const fs::path node = fs::canonical(device / "of_node", error);
    if (error)
        return std::nullopt;
    for (fs::path at = node; at != at.parent_path(); at = at.parent_path())
    {
        if (fs::exists(at / "dma-coherent"))
            return true;
        // "base" is the root of the device tree in sysfs.
        if (fs::exists(at / "dma-noncoherent") || at.filename() == "base")
            break;
    }
    return false;
}

bool plain_name(std::string_view name)
{
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string_view{"/\0", 2}) == std::string_view::npos;
}

} // namespace

Sysfs::Sysfs(fs::path root) : root_{std::move(root)} {}

std::optional<HostDevice> Sysfs::device(std::string_view name) const
{
    if (!plain_name(name))
        return std::nullopt;
    const fs::path path = root_ / "bus/platform/devices" / name;
    if (!fs::exists(path))
        return std::nullopt;
    return HostDevice{std::string{name}, target_name(path / "driver"), group_of(path)};
}

std::vector<std::string> Sysfs::members(std::uint32_t group) const
{
    std::vector<std::string> names;
    const fs::path devices = root_ / "kernel/iommu_groups" / std::to_string(group) / "devices";
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{devices, error})
        names.push_back(fmt::format("{} ({})", entry.path().filename().string(),
                                    target_name(entry.path() / "driver").value_or("no driver")));
    std::ranges::sort(names);
    return names;
}

std::optional<bool> Sysfs::coherent(std::string_view name) const
{
    if (!plain_name(name))
        return std::nullopt;
    const fs::path device = root_ / "bus/platform/devices" / name;
    const auto own = coherent_node(device);
    // "iommu" is the IOMMU's entry in its class, whose device is the one of the device tree.
    const auto iommu = coherent_node(device / "iommu" / "device");
    if (!own || !iommu)
        return std::nullopt;
    return *own || *iommu;
}

} // namespace aliasvm::vfio
