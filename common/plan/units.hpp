// SPDX-License-Identifier: Apache-2.0
// Sizes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aliasvm::plan
{

/// "128M" → 134217728: a decimal number, or a hexadecimal one after 0x, and at the most one of K, M
/// and G (powers of 1024). Nothing for anything else, and for what does not fit 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

/// The shortest text that parse_size() reads back: "128M", "132K", "4097".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

} // namespace aliasvm::plan
