// SPDX-License-Identifier: Apache-2.0
// Device trees for tests: an empty one of any size.
#pragma once

#include "common/fdt/writer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace aliasvm::plan
{

/// `size` bytes by its header, if an empty tree is not larger.
inline std::vector<std::byte> make_tree(std::size_t size)
{
    fdt::Writer writer;
    writer.cell("#address-cells", 2);
    writer.cell("#size-cells", 2);
    std::vector<std::byte> tree = std::move(writer).finish();
    tree.resize(std::max(size, tree.size()));
    constexpr std::size_t totalsize = 4; // where it is in the header
    const auto cell = fdt::bytes_of(std::vector{static_cast<std::uint32_t>(tree.size())});
    std::ranges::copy(cell, tree.begin() + totalsize);
    return tree;
}

} // namespace aliasvm::plan
