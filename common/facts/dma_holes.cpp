// SPDX-License-Identifier: Apache-2.0
// reserved_regions: Documentation/ABI/testing/sysfs-kernel-iommu_groups.
#include "common/facts/dma_holes.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace aliasvm::facts
{

namespace fs = std::filesystem;

namespace
{

std::optional<std::uint64_t> hexadecimal(std::string_view text)
{
    if (!text.starts_with("0x"))
        return std::nullopt;
    text.remove_prefix(2);
    std::uint64_t value{};
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
        return std::nullopt;
    return value;
}

/// Inclusive, unlike a GuestRange: a region may end with the last address there is.
struct Region
{
    std::uint64_t first{};
    std::uint64_t last{};
};

/// "0x0000000008000000 0x00000000080fffff msi"
std::optional<Region> region_of(const std::string& line)
{
    std::istringstream words{line};
    std::string first;
    std::string last;
    std::string type;
    words >> first >> last >> type;
    // Firmware uses a direct-relaxable region only until a driver takes the device, so VFIO hands
    // it out as well (vfio_iommu_resv_exclude). It refuses to map over any of the others.
    if (type.empty() || type == "direct-relaxable")
        return std::nullopt;
    const auto from = hexadecimal(first);
    const auto to = hexadecimal(last);
    if (!from || !to || *to < *from)
        return std::nullopt;
    constexpr std::uint64_t in_page = page_size - 1;
    return Region{*from & ~in_page, *to | in_page};
}

bool has_bus_master(const fs::path& group, const plan::Catalogue& catalogue)
{
    std::error_code none;
    for (const auto& device : fs::directory_iterator{group / "devices", none})
    {
        const auto* const instance = catalogue.find_sysname(device.path().filename().string());
        if (instance != nullptr && instance->dma())
            return true;
    }
    return false;
}

void add_regions(const fs::path& group, std::vector<Region>& regions)
{
    std::ifstream file{group / "reserved_regions"};
    for (std::string line; std::getline(file, line);)
    {
        if (const auto region = region_of(line))
            regions.push_back(*region);
    }
}

std::vector<GuestRange> united(std::vector<Region> regions)
{
    std::ranges::sort(regions, {}, &Region::first);
    std::vector<Region> apart;
    for (const Region& region : regions)
    {
        // Compared without adding 1 to an end that may be the last address.
        if (!apart.empty() &&
            (region.first <= apart.back().last || region.first - 1 == apart.back().last))
            apart.back().last = std::max(apart.back().last, region.last);
        else
            apart.push_back(region);
    }
    std::vector<GuestRange> ranges;
    for (const Region& region : apart)
    {
        // One page less at the very top, where the size or the end would not be a number.
        const std::uint64_t last = std::min(region.last, ~std::uint64_t{page_size});
        if (last >= region.first)
            ranges.push_back({GuestAddr{region.first}, last - region.first + 1});
    }
    return ranges;
}

} // namespace

std::vector<GuestRange> dma_holes(const plan::Catalogue& catalogue, const fs::path& sysfs)
{
    std::vector<Region> ours;
    std::vector<Region> others;
    bool any_of_ours = false;
    std::error_code none;
    for (const auto& group : fs::directory_iterator{sysfs / "kernel/iommu_groups", none})
    {
        const bool is_ours = has_bus_master(group.path(), catalogue);
        any_of_ours |= is_ours;
        add_regions(group.path(), is_ours ? ours : others);
    }
    return united(std::move(any_of_ours ? ours : others));
}

} // namespace aliasvm::facts
