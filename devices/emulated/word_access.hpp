// SPDX-License-Identifier: Apache-2.0
// Splits a bus access of any width and alignment into accesses of whole 32-bit registers.
#pragma once

#include <cstdint>
#include <limits>

namespace aliasvm::devices
{

/// The devices of this folder sit on a 32-bit peripheral bus, on which registers are read and
/// written whole. A read of any of a register's bytes is a read of the register, with its side
/// effects; the bytes that a narrow write leaves out arrive as 0. Registers go in rising order.
inline constexpr unsigned word_bytes = 4;

[[nodiscard]] constexpr std::uint64_t low_bytes(std::uint64_t value, unsigned width)
{
    return width >= 8 ? value : value & ((std::uint64_t{1} << (8 * width)) - 1);
}

/// `read_word(offset)` returns the register at a multiple of 4.
template <class ReadWord>
[[nodiscard]] std::uint64_t read_words(std::uint64_t offset, std::uint8_t width,
                                       ReadWord&& read_word)
{
    const auto lane = static_cast<unsigned>(offset % word_bytes);
    std::uint64_t value = 0;
    for (std::uint64_t at = offset - lane; at < offset + width; at += word_bytes)
    {
        const std::uint64_t word = read_word(at);
        value |= at < offset ? word >> (8 * lane) : word << (8 * (at - offset));
    }
    return low_bytes(value, width);
}

/// `write_word(offset, value)` takes the register at a multiple of 4.
template <class WriteWord>
void write_words(std::uint64_t offset, std::uint8_t width, std::uint64_t value,
                 WriteWord&& write_word)
{
    const auto lane = static_cast<unsigned>(offset % word_bytes);
    const std::uint64_t bytes = low_bytes(value, width);
    for (std::uint64_t at = offset - lane; at < offset + width; at += word_bytes)
    {
        const std::uint64_t word = at < offset ? bytes << (8 * lane) : bytes >> (8 * (at - offset));
        write_word(at,
                   static_cast<std::uint32_t>(word & std::numeric_limits<std::uint32_t>::max()));
    }
}

} // namespace aliasvm::devices
