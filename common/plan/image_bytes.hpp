// SPDX-License-Identifier: Apache-2.0
// Numbers out of a file's bytes, whatever the alignment and the host.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace aliasvm::plan
{

/// The little-endian number at `offset`; the caller knows that it lies within.
template <std::unsigned_integral T>
[[nodiscard]] T little_endian(std::span<const std::byte> bytes, std::size_t offset)
{
    std::uint64_t value = 0;
    for (std::size_t index = sizeof(T); index-- > 0;)
        value = value << 8 | std::to_integer<std::uint64_t>(bytes[offset + index]);
    return static_cast<T>(value);
}

/// Whether [offset, offset + size) lies within `total`, with no overflow on the way.
[[nodiscard]] constexpr bool fits(std::uint64_t offset, std::uint64_t size, std::uint64_t total)
{
    return offset <= total && size <= total - offset;
}

/// Whether the bytes have these characters at `offset`.
[[nodiscard]] inline bool has_at(std::span<const std::byte> bytes, std::size_t offset,
                                 std::string_view characters)
{
    return fits(offset, characters.size(), bytes.size()) &&
           std::equal(characters.begin(), characters.end(),
                      bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                      [](char c, std::byte b)
                      { return static_cast<unsigned char>(c) == std::to_integer<unsigned>(b); });
}

} // namespace aliasvm::plan
