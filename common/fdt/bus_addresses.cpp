// SPDX-License-Identifier: Apache-2.0
// The Devicetree Specification on `ranges`.
#include "common/fdt/bus_addresses.hpp"

#include <algorithm>

namespace aliasvm::fdt
{

namespace
{

/// Takes a number of so many cells; the caller knows that they are there.
std::uint64_t take(std::vector<std::uint32_t>::const_iterator& cell, std::uint32_t cells)
{
    std::uint64_t value = 0;
    for (; cells > 0; --cells)
        value = value << 32 | *cell++;
    return value;
}

/// False: it has more bits.
bool put(std::uint64_t value, std::uint32_t cells, std::vector<std::uint32_t>& to)
{
    if (cells == 1 && value >> 32 != 0)
        return false;
    if (cells == 2)
        to.push_back(static_cast<std::uint32_t>(value >> 32));
    to.push_back(static_cast<std::uint32_t>(value));
    return true;
}

} // namespace

std::optional<BusAddresses> BusAddresses::with_cells_of(const Draft& bus)
{
    // What the specification says where the bus says nothing.
    const std::uint32_t address = bus.has("#address-cells") ? bus.cell("#address-cells", 0) : 2;
    const std::uint32_t size = bus.has("#size-cells") ? bus.cell("#size-cells", 0) : 1;
    if (address < 1 || address > 2 || size < 1 || size > 2)
        return std::nullopt;
    return BusAddresses{address, size};
}

std::optional<BusAddresses> BusAddresses::of_root(const Draft& root)
{
    auto bus = with_cells_of(root);
    if (bus)
        bus->pieces_ = {{0, ~std::uint64_t{0}, 0}};
    return bus;
}

/// As much of [here, here + size) as one piece has, seen from a bus below, where it begins at
/// `child`.
std::optional<BusAddresses::Piece> BusAddresses::translated(std::uint64_t child, std::uint64_t here,
                                                            std::uint64_t size) const
{
    for (const Piece& piece : pieces_)
    {
        if (size == 0 || here < piece.first || here > piece.last)
            continue;
        const std::uint64_t more =
            std::min({size - 1, piece.last - here, ~std::uint64_t{0} - child});
        return Piece{child, child + more, piece.cpu + (here - piece.first)};
    }
    return std::nullopt;
}

std::optional<BusAddresses> BusAddresses::below(const Draft& bus) const
{
    auto found = with_cells_of(bus);
    if (!found || !bus.has("ranges"))
        return std::nullopt;
    const std::vector<std::uint32_t> cells = bus.cells("ranges");
    if (cells.empty())
        found->pieces_ = pieces_; // the same addresses
    const std::size_t entry = found->address_cells_ + address_cells_ + found->size_cells_;
    if (cells.size() % entry != 0)
        return std::nullopt;
    for (auto cell = cells.begin(); cell != cells.end();)
    {
        const std::uint64_t child = take(cell, found->address_cells_);
        const std::uint64_t here = take(cell, address_cells_);
        if (const auto piece = translated(child, here, take(cell, found->size_cells_)))
            found->pieces_.push_back(*piece);
    }
    return found;
}

std::optional<Reg> BusAddresses::first(const Draft& child) const
{
    const std::vector<std::uint32_t> cells = child.cells("reg");
    const std::size_t entry = address_cells_ + size_cells_;
    if (cells.empty() || cells.size() % entry != 0)
        return std::nullopt;
    auto cell = cells.begin();
    const std::uint64_t address = take(cell, address_cells_);
    const auto piece = translated(0, address, 1);
    return piece ? std::optional{Reg{piece->cpu, take(cell, size_cells_)}} : std::nullopt;
}

std::optional<std::vector<std::uint32_t>> BusAddresses::reg_of(const std::vector<Reg>& places) const
{
    std::vector<std::uint32_t> cells;
    for (const Reg& place : places)
    {
        const auto holds = [&place](const Piece& piece) {
            return place.address >= piece.cpu &&
                   place.address - piece.cpu <= piece.last - piece.first;
        };
        const auto piece = std::ranges::find_if(pieces_, holds);
        if (piece == pieces_.end() ||
            !put(piece->first + (place.address - piece->cpu), address_cells_, cells) ||
            !put(place.size, size_cells_, cells))
            return std::nullopt;
    }
    return cells;
}

} // namespace aliasvm::fdt
