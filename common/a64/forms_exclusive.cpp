// SPDX-License-Identifier: Apache-2.0
// Exclusive loads and stores, alone and in pairs, and those with acquire or release semantics.
#include "common/a64/forms.hpp"

namespace aliasvm::a64::forms
{

namespace
{

constexpr std::uint32_t none = 31; // a register field that names no register: should be ones

constexpr std::uint32_t rs(std::uint32_t word) noexcept
{
    return field(word, 16, 5);
}
constexpr bool loads(std::uint32_t word) noexcept
{
    return field(word, 22, 1) != 0;
}
constexpr bool orders(std::uint32_t word) noexcept
{
    return field(word, 15, 1) != 0;
}

/// Bytes of one register, by size (31:30).
constexpr std::uint8_t bytes(std::uint32_t word) noexcept
{
    return static_cast<std::uint8_t>(1U << field(word, 30, 2));
}

Place place(std::uint32_t word) noexcept
{
    return {base(word), std::int64_t{0}, Writeback::none};
}

Access access(std::uint32_t word, std::uint8_t elements, Register second) noexcept
{
    const Direction direction = loads(word) ? Direction::load : Direction::store;
    const General general{or_zero(rt(word)), second, Extension::zero};
    Semantics semantics{true, orders(word) && loads(word), orders(word) && !loads(word), {}};
    if (direction == Direction::store)
        semantics.status = or_zero(rs(word));
    return {direction, elements, bytes(word), general, place(word), semantics};
}

/// Whether the status is of its own, or there is none.
bool status_is_apart(std::uint32_t word, bool two) noexcept
{
    if (loads(word))
        return rs(word) == none;
    return rs(word) != rt(word) && !(two && rs(word) == rt2(word)) &&
           or_zero(rs(word)) != base(word);
}

} // namespace

std::optional<Access> exclusive(std::uint32_t word) noexcept
{
    if (rt2(word) != none || !status_is_apart(word, false))
        return std::nullopt;
    return access(word, 1, {});
}

std::optional<Access> exclusive_pair(std::uint32_t word) noexcept
{
    if (!status_is_apart(word, true) || (loads(word) && rt(word) == rt2(word)))
        return std::nullopt;
    return access(word, 2, or_zero(rt2(word)));
}

std::optional<Access> ordered(std::uint32_t word) noexcept
{
    if (rs(word) != none || rt2(word) != none)
        return std::nullopt;
    const bool load = loads(word);
    return Access{
        load ? Direction::load : Direction::store,       1,           bytes(word),
        General{or_zero(rt(word)), {}, Extension::zero}, place(word), {false, load, !load, {}}};
}

} // namespace aliasvm::a64::forms
