// SPDX-License-Identifier: Apache-2.0
// What sequences are made of.
#pragma once

#include "common/quiesce/register_window.hpp"

#include <cstdint>

namespace aliasvm::quiesce
{

/// Of any register; what is reserved as well.
inline constexpr std::uint32_t every_bit = 0xffff'ffff;

/// Each read of a peripheral takes about 100 ns on silicon, so this is over 10 ms.
inline constexpr int poll_limit = 100'000;

/// Whether it comes to be within the bound.
[[nodiscard]] bool comes(const auto& condition)
{
    for (int polls = 0; polls < poll_limit; ++polls)
    {
        if (condition())
            return true;
    }
    return false;
}

inline void set_bits(RegisterWindow& registers, std::uint32_t offset, std::uint32_t bits)
{
    registers.write(offset, registers.read(offset) | bits);
}

inline void clear_bits(RegisterWindow& registers, std::uint32_t offset, std::uint32_t bits)
{
    registers.write(offset, registers.read(offset) & ~bits);
}

} // namespace aliasvm::quiesce
