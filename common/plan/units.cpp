// SPDX-License-Identifier: Apache-2.0
// Powers of 1024 by their letters.
#include "common/plan/units.hpp"

#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

struct Unit
{
    char letter;
    unsigned shift;
};

constexpr std::array units{Unit{'G', 30}, Unit{'M', 20}, Unit{'K', 10}};

} // namespace

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    unsigned shift = 0;
    for (const Unit& unit : units)
    {
        if (!text.empty() && text.back() == unit.letter)
        {
            shift = unit.shift;
            text.remove_suffix(1);
            break;
        }
    }
    const bool hexadecimal = text.starts_with("0x");
    if (hexadecimal)
        text.remove_prefix(2);
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, hexadecimal ? 16 : 10);
    if (error != std::errc{} || stop != end || text.empty() ||
        number > std::numeric_limits<std::uint64_t>::max() >> shift)
        return std::nullopt;
    return number << shift;
}

std::string size_text(std::uint64_t bytes)
{
    for (const Unit& unit : units)
    {
        if (bytes != 0 && bytes % (std::uint64_t{1} << unit.shift) == 0)
            return fmt::format("{}{}", bytes >> unit.shift, unit.letter);
    }
    return fmt::format("{}", bytes);
}

} // namespace aliasvm::plan
