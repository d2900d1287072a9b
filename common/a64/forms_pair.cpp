// SPDX-License-Identifier: Apache-2.0
// Loads and stores of two registers: LDP, STP, LDPSW, LDNP, STNP.
#include "common/a64/forms.hpp"

#include <array>

namespace aliasvm::a64::forms
{

namespace
{

/// By opc (31:30), V (26), L (22).
constexpr std::uint32_t data_bits = 0xc4400000;
constexpr std::array data_table{
    Row<Data>{data_bits, 0x00000000, {Direction::store, 4, true}},
    Row<Data>{data_bits, 0x00400000, {Direction::load, 4, true}},
    Row<Data>{data_bits, 0x40400000, {Direction::load, 4, true, Extension::sign_64}},
    Row<Data>{data_bits, 0x80000000, {Direction::store, 8, true}},
    Row<Data>{data_bits, 0x80400000, {Direction::load, 8, true}},
    Row<Data>{data_bits, 0x04000000, {Direction::store, 4, false}},
    Row<Data>{data_bits, 0x04400000, {Direction::load, 4, false}},
    Row<Data>{data_bits, 0x44000000, {Direction::store, 8, false}},
    Row<Data>{data_bits, 0x44400000, {Direction::load, 8, false}},
    Row<Data>{data_bits, 0x84000000, {Direction::store, 16, false}},
    Row<Data>{data_bits, 0x84400000, {Direction::load, 16, false}},
};
static_assert(unambiguous(data_table));

std::optional<Access> two(std::uint32_t word, Writeback writeback) noexcept
{
    const Data* data = find(data_table, word);
    if (!data)
        return std::nullopt;
    if (data->direction == Direction::load && rt(word) == rt2(word))
        return std::nullopt;
    const General general{or_zero(rt(word)), or_zero(rt2(word)), data->extension};
    if (writeback != Writeback::none && data->general &&
        (general.first == base(word) || general.second == base(word)))
        return std::nullopt;
    const Target target =
        data->general ? Target{general} : Target{Scalar{vector(rt(word)), vector(rt2(word))}};
    const Place place{base(word), signed_field(word, 15, 7) * data->bytes, writeback};
    return Access{data->direction, 2, data->bytes, target, place, {}};
}

} // namespace

std::optional<Access> pair(std::uint32_t word) noexcept
{
    return two(word, Writeback::none);
}

// A hint that the data will not be used again; there is no signed one.
std::optional<Access> pair_no_allocate(std::uint32_t word) noexcept
{
    const Data* data = find(data_table, word);
    if (!data || data->extension != Extension::zero)
        return std::nullopt;
    return two(word, Writeback::none);
}

std::optional<Access> pair_post_indexed(std::uint32_t word) noexcept
{
    return two(word, Writeback::post);
}

std::optional<Access> pair_pre_indexed(std::uint32_t word) noexcept
{
    return two(word, Writeback::pre);
}

} // namespace aliasvm::a64::forms
