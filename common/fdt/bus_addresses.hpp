// SPDX-License-Identifier: Apache-2.0
// BusAddresses: from `reg` to the addresses of a CPU, and back.
#pragma once

#include "common/fdt/draft.hpp"
#include "common/fdt/reg.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace aliasvm::fdt
{

/// Where the children of one bus are for a CPU. What does not lead to its addresses (I2C, MDIO,
/// PCI) is nothing here.
class BusAddresses
{
public:
    /// Of the root's children. Nothing unless its cell counts are 1 or 2.
    [[nodiscard]] static std::optional<BusAddresses> of_root(const Draft& root);
    /// Of the children of `bus`, which is a child here, by its `ranges`.
    [[nodiscard]] std::optional<BusAddresses> below(const Draft& bus) const;

    /// The first entry of a child's `reg`.
    [[nodiscard]] std::optional<Reg> first(const Draft& child) const;
    /// The value of `reg` for a child that is there for a CPU. Nothing if the bus does not lead
    /// there, or its cells have not the bits for it.
    [[nodiscard]] std::optional<std::vector<std::uint32_t>>
    reg_of(const std::vector<Reg>& places) const;

private:
    /// A piece of the bus's addresses and where it is for a CPU. `last` is inclusive.
    struct Piece
    {
        std::uint64_t first{};
        std::uint64_t last{};
        std::uint64_t cpu{};
    };

    BusAddresses(std::uint32_t address_cells, std::uint32_t size_cells)
        : address_cells_{address_cells}, size_cells_{size_cells}
    {
    }

    [[nodiscard]] static std::optional<BusAddresses> with_cells_of(const Draft& bus);
    [[nodiscard]] std::optional<Piece> translated(std::uint64_t child, std::uint64_t here,
                                                  std::uint64_t size) const;

    std::uint32_t address_cells_;
    std::uint32_t size_cells_;
    std::vector<Piece> pieces_;
};

} // namespace aliasvm::fdt
