// SPDX-License-Identifier: Apache-2.0
// Documentation/ABI/testing/sysfs-devices: of_node leads to the device's node. Binding
// arm,gic.yaml.
#include "common/facts/host_traits.hpp"

#include <systemd/sd-id128.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

namespace aliasvm::facts
{

namespace
{

constexpr std::size_t cell_size = 4;
constexpr std::size_t interrupt_cells = 3;
constexpr std::uint32_t type_spi = 0;
constexpr std::uint32_t rising_edge = 1;
constexpr std::uint32_t high_level = 4;

std::vector<std::uint32_t> cells_of(const std::filesystem::path& property)
{
    std::ifstream file{property, std::ios::binary};
    const std::vector<char> bytes{std::istreambuf_iterator<char>{file}, {}};
    std::vector<std::uint32_t> cells(bytes.size() / cell_size);
    for (std::size_t at = 0; at < cells.size() * cell_size; ++at)
        cells[at / cell_size] = cells[at / cell_size] << 8 | static_cast<unsigned char>(bytes[at]);
    return cells;
}

plan::Triggers triggers_of(const std::vector<std::uint32_t>& interrupts)
{
    plan::Triggers triggers;
    for (std::size_t at = 0; at + interrupt_cells <= interrupts.size(); at += interrupt_cells)
    {
        auto& trigger = triggers.emplace_back();
        if (interrupts[at] != type_spi)
            continue;
        if (interrupts[at + 2] == rising_edge)
            trigger = Trigger::edge;
        else if (interrupts[at + 2] == high_level)
            trigger = Trigger::level;
    }
    return triggers;
}

/// machine-id(5) is not to be told to anybody; this is what sd-id128(3) makes of it for us alone.
std::optional<plan::HostId> host_id()
{
    constexpr sd_id128_t ours =
        SD_ID128_MAKE(8f, 1d, 0c, 65, 3a, e2, 47, b9, 9e, 40, d7, 12, 6b, 58, f3, a4);
    sd_id128_t id{};
    if (::sd_id128_get_machine_app_specific(ours, &id) != 0)
        return std::nullopt;
    return std::to_array(id.bytes);
}

} // namespace

plan::HostTraits host_traits(const plan::Catalogue& catalogue, const std::filesystem::path& sysfs)
{
    plan::HostTraits traits;
    traits.id = host_id();
    for (const plan::Instance& instance : catalogue.instances())
    {
        const auto interrupts =
            cells_of(sysfs / "bus/platform/devices" / instance.sysname / "of_node/interrupts");
        if (!interrupts.empty())
            traits.triggers.emplace(instance.sysname, triggers_of(interrupts));
    }
    return traits;
}

} // namespace aliasvm::facts
