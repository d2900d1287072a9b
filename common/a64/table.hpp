// SPDX-License-Identifier: Apache-2.0
// Tables of encodings: rows of mask, value and what a word that matches is.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aliasvm::a64
{

template <class What>
struct Row
{
    std::uint32_t mask;
    std::uint32_t value;
    What what;
};

/// What the word is by the table; null if no row matches.
template <class Table>
[[nodiscard]] constexpr auto find(const Table& table, std::uint32_t word) noexcept
    -> decltype(&table[0].what)
{
    for (const auto& row : table)
    {
        if ((word & row.mask) == row.value)
            return &row.what;
    }
    return nullptr;
}

/// Whether every row can match, and no word matches two: then the order of rows means nothing.
template <class Table>
[[nodiscard]] constexpr bool unambiguous(const Table& table) noexcept
{
    for (std::size_t one = 0; one < table.size(); ++one)
    {
        if ((table[one].value & ~table[one].mask) != 0)
            return false;
        for (std::size_t other = one + 1; other < table.size(); ++other)
        {
            const std::uint32_t both = table[one].mask & table[other].mask;
            if (((table[one].value ^ table[other].value) & both) == 0)
                return false;
        }
    }
    return true;
}

/// Bits `low` to `low + bits - 1` of a word.
[[nodiscard]] constexpr std::uint32_t field(std::uint32_t word, unsigned low,
                                            unsigned bits) noexcept
{
    return (word >> low) & ((1U << bits) - 1);
}

/// The same, as two's complement.
[[nodiscard]] constexpr std::int64_t signed_field(std::uint32_t word, unsigned low,
                                                  unsigned bits) noexcept
{
    const std::int64_t value = field(word, low, bits);
    const std::int64_t sign = std::int64_t{1} << (bits - 1);
    return (value ^ sign) - sign;
}

} // namespace aliasvm::a64
