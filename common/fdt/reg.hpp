// SPDX-License-Identifier: Apache-2.0
// Reg: a place in an address space of a device tree.
#pragma once

#include <cstdint>

namespace aliasvm::fdt
{

/// One entry of a node's `reg`, in the address space of its parent; or one of a tree's reservation
/// map.
struct Reg
{
    std::uint64_t address{};
    std::uint64_t size{};
};

} // namespace aliasvm::fdt
