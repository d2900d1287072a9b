// SPDX-License-Identifier: Apache-2.0
// Loads and stores of one register: LDR, STR and their narrow, signed, SIMD&FP and prefetch kin.
#include "common/a64/forms.hpp"

#include <array>
#include <bit>

namespace aliasvm::a64::forms
{

namespace
{

constexpr Data store_of(std::uint8_t bytes)
{
    return {Direction::store, bytes, true};
}
constexpr Data load_of(std::uint8_t bytes, Extension extension = Extension::zero)
{
    return {Direction::load, bytes, true, extension};
}
constexpr Data vector_store_of(std::uint8_t bytes)
{
    return {Direction::store, bytes, false};
}
constexpr Data vector_load_of(std::uint8_t bytes)
{
    return {Direction::load, bytes, false};
}
constexpr Data prefetch{Direction::none, 8, true};

/// By size (31:30), V (26), opc (23:22): all forms but literals.
constexpr std::uint32_t data_bits = 0xc4c00000;
constexpr std::array data_table{
    Row<Data>{data_bits, 0x00000000, store_of(1)},
    Row<Data>{data_bits, 0x00400000, load_of(1)},
    Row<Data>{data_bits, 0x00800000, load_of(1, Extension::sign_64)},
    Row<Data>{data_bits, 0x00c00000, load_of(1, Extension::sign_32)},
    Row<Data>{data_bits, 0x40000000, store_of(2)},
    Row<Data>{data_bits, 0x40400000, load_of(2)},
    Row<Data>{data_bits, 0x40800000, load_of(2, Extension::sign_64)},
    Row<Data>{data_bits, 0x40c00000, load_of(2, Extension::sign_32)},
    Row<Data>{data_bits, 0x80000000, store_of(4)},
    Row<Data>{data_bits, 0x80400000, load_of(4)},
    Row<Data>{data_bits, 0x80800000, load_of(4, Extension::sign_64)},
    Row<Data>{data_bits, 0xc0000000, store_of(8)},
    Row<Data>{data_bits, 0xc0400000, load_of(8)},
    Row<Data>{data_bits, 0xc0800000, prefetch},
    Row<Data>{data_bits, 0x04000000, vector_store_of(1)},
    Row<Data>{data_bits, 0x04400000, vector_load_of(1)},
    Row<Data>{data_bits, 0x04800000, vector_store_of(16)},
    Row<Data>{data_bits, 0x04c00000, vector_load_of(16)},
    Row<Data>{data_bits, 0x44000000, vector_store_of(2)},
    Row<Data>{data_bits, 0x44400000, vector_load_of(2)},
    Row<Data>{data_bits, 0x84000000, vector_store_of(4)},
    Row<Data>{data_bits, 0x84400000, vector_load_of(4)},
    Row<Data>{data_bits, 0xc4000000, vector_store_of(8)},
    Row<Data>{data_bits, 0xc4400000, vector_load_of(8)},
};
static_assert(unambiguous(data_table));

/// By opc (31:30), V (26): literals.
constexpr std::uint32_t literal_bits = 0xc4000000;
constexpr std::array literal_table{
    Row<Data>{literal_bits, 0x00000000, load_of(4)},
    Row<Data>{literal_bits, 0x40000000, load_of(8)},
    Row<Data>{literal_bits, 0x80000000, load_of(4, Extension::sign_64)},
    Row<Data>{literal_bits, 0xc0000000, prefetch},
    Row<Data>{literal_bits, 0x04000000, vector_load_of(4)},
    Row<Data>{literal_bits, 0x44000000, vector_load_of(8)},
    Row<Data>{literal_bits, 0x84000000, vector_load_of(16)},
};
static_assert(unambiguous(literal_table));

Access access(std::uint32_t word, const Data& data, const Place& place) noexcept
{
    if (data.direction == Direction::none)
        return {Direction::none, 0, 0, NoRegister{}, place, {}};
    const Target target = data.general ? Target{General{or_zero(rt(word)), {}, data.extension}}
                                       : Target{Scalar{vector(rt(word)), {}}};
    return {data.direction, 1, data.bytes, target, place, {}};
}

/// The forms with nine bits of offset, which count bytes.
Place nine_bits(std::uint32_t word, Writeback writeback) noexcept
{
    return {base(word), signed_field(word, 12, 9), writeback};
}

std::optional<Access> indexed(std::uint32_t word, Writeback writeback) noexcept
{
    const Data* data = find(data_table, word);
    if (!data || data->direction == Direction::none)
        return std::nullopt;
    // The zero register is none with the stack pointer, although both are 31.
    if (data->general && or_zero(rt(word)) == base(word))
        return std::nullopt;
    return access(word, *data, nine_bits(word, writeback));
}

} // namespace

std::optional<Access> literal(std::uint32_t word) noexcept
{
    const Data* data = find(literal_table, word);
    if (!data)
        return std::nullopt;
    return access(word, *data, {Register::pc, signed_field(word, 5, 19) * 4, Writeback::none});
}

std::optional<Access> unsigned_immediate(std::uint32_t word) noexcept
{
    const Data* data = find(data_table, word);
    if (!data)
        return std::nullopt;
    const std::int64_t offset = std::int64_t{field(word, 10, 12)} * data->bytes;
    return access(word, *data, {base(word), offset, Writeback::none});
}

std::optional<Access> unscaled(std::uint32_t word) noexcept
{
    const Data* data = find(data_table, word);
    if (!data)
        return std::nullopt;
    return access(word, *data, nine_bits(word, Writeback::none));
}

// It differs from an unscaled access in whose permissions count, and those have been checked.
std::optional<Access> unprivileged(std::uint32_t word) noexcept
{
    const Data* data = find(data_table, word);
    if (!data || data->direction == Direction::none)
        return std::nullopt;
    return access(word, *data, nine_bits(word, Writeback::none));
}

std::optional<Access> post_indexed(std::uint32_t word) noexcept
{
    return indexed(word, Writeback::post);
}

std::optional<Access> pre_indexed(std::uint32_t word) noexcept
{
    return indexed(word, Writeback::pre);
}

std::optional<Access> register_offset(std::uint32_t word) noexcept
{
    const Data* data = find(data_table, word);
    if (!data)
        return std::nullopt;
    const bool is_signed = field(word, 15, 1) != 0;
    const bool whole = field(word, 13, 1) != 0;
    const bool scaled = field(word, 12, 1) != 0;
    const Extend extend = whole ? Extend::none : is_signed ? Extend::sxtw : Extend::uxtw;
    const auto shift = static_cast<std::uint8_t>(scaled ? std::countr_zero(data->bytes) : 0);
    const Index index{or_zero(field(word, 16, 5)), extend, shift};
    return access(word, *data, {base(word), index, Writeback::none});
}

} // namespace aliasvm::a64::forms
