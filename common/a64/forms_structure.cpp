// SPDX-License-Identifier: Apache-2.0
// SIMD structures: LD1 to LD4 and ST1 to ST4 of whole registers, of one lane, and to all lanes.
#include "common/a64/forms.hpp"

#include <array>

namespace aliasvm::a64::forms
{

namespace
{

constexpr Direction direction(std::uint32_t word) noexcept
{
    return field(word, 22, 1) != 0 ? Direction::load : Direction::store;
}

constexpr std::uint8_t register_bytes(std::uint32_t word) noexcept
{
    return field(word, 30, 1) != 0 ? 16 : 8;
}

/// The base alone, or with post-index: by a register, or (31) by the bytes accessed.
Place place(std::uint32_t word, Writeback writeback, std::uint32_t bytes) noexcept
{
    if (writeback == Writeback::none)
        return {base(word), std::int64_t{0}, writeback};
    const std::uint32_t rm = field(word, 16, 5);
    if (rm == 31)
        return {base(word), std::int64_t{bytes}, writeback};
    return {base(word), Index{or_zero(rm), Extend::none, 0}, writeback};
}

Access access(std::uint32_t word, unsigned elements, unsigned element_bytes,
              const Structure& structure, Writeback writeback) noexcept
{
    return {direction(word),
            static_cast<std::uint8_t>(elements),
            static_cast<std::uint8_t>(element_bytes),
            structure,
            place(word, writeback, elements * element_bytes),
            {}};
}

// ---- whole registers -------------------------------------------------------------------------

struct Whole
{
    std::uint8_t registers;
    Lanes lanes;
};

/// By opcode (15:12).
constexpr std::uint32_t whole_bits = 0x0000f000;
constexpr std::array whole_table{
    Row<Whole>{whole_bits, 0x00000000, {4, Lanes::interleaved}},
    Row<Whole>{whole_bits, 0x00002000, {4, Lanes::consecutive}},
    Row<Whole>{whole_bits, 0x00004000, {3, Lanes::interleaved}},
    Row<Whole>{whole_bits, 0x00006000, {3, Lanes::consecutive}},
    Row<Whole>{whole_bits, 0x00007000, {1, Lanes::consecutive}},
    Row<Whole>{whole_bits, 0x00008000, {2, Lanes::interleaved}},
    Row<Whole>{whole_bits, 0x0000a000, {2, Lanes::consecutive}},
};
static_assert(unambiguous(whole_table));

std::optional<Access> whole_registers(std::uint32_t word, Writeback writeback) noexcept
{
    const Whole* whole = find(whole_table, word);
    const unsigned element_bytes = 1U << field(word, 10, 2);
    const std::uint8_t in_register = register_bytes(word);
    // One lane cannot be interleaved: 1D is of LD1 and ST1 only.
    if (!whole || (whole->lanes == Lanes::interleaved && element_bytes == in_register))
        return std::nullopt;
    const Structure structure{vector(rt(word)), whole->registers, in_register, whole->lanes, 0};
    return access(word, whole->registers * in_register / element_bytes, element_bytes, structure,
                  writeback);
}

// ---- a lane of each register -----------------------------------------------------------------

/// The lane's number is Q:S:size with as many bits as there are lanes.
struct Lane
{
    std::uint8_t element_bytes;
    std::uint8_t unused_bits; // of Q:S:size, the low ones: they say which row it is
};

/// By opcode (15:14), S (12), size (11:10): those with a lane number.
constexpr std::array lane_table{
    Row<Lane>{0x0000c000, 0x00000000, {1, 0}},
    Row<Lane>{0x0000c400, 0x00004000, {2, 1}},
    Row<Lane>{0x0000cc00, 0x00008000, {4, 2}},
    Row<Lane>{0x0000dc00, 0x00008400, {8, 3}},
};
static_assert(unambiguous(lane_table));

/// LD1R to LD4R: opcode 11, loads only, and S is 0.
constexpr bool fills_all_lanes(std::uint32_t word) noexcept
{
    return (word & 0x0040d000) == 0x0040c000;
}

std::optional<Access> lanes(std::uint32_t word, Writeback writeback) noexcept
{
    const auto registers =
        static_cast<std::uint8_t>((field(word, 13, 1) << 1 | field(word, 21, 1)) + 1);
    const VectorRegister first = vector(rt(word));
    if (fills_all_lanes(word))
        return access(word, registers, 1U << field(word, 10, 2),
                      {first, registers, register_bytes(word), Lanes::all, 0}, writeback);
    const Lane* lane = find(lane_table, word);
    if (!lane)
        return std::nullopt;
    const std::uint32_t number =
        (field(word, 30, 1) << 3 | field(word, 10, 3)) >> lane->unused_bits;
    return access(word, registers, lane->element_bytes,
                  {first, registers, 16, Lanes::one, static_cast<std::uint8_t>(number)}, writeback);
}

} // namespace

std::optional<Access> structures(std::uint32_t word) noexcept
{
    return whole_registers(word, Writeback::none);
}

std::optional<Access> structures_post_indexed(std::uint32_t word) noexcept
{
    return whole_registers(word, Writeback::post);
}

std::optional<Access> lane(std::uint32_t word) noexcept
{
    return lanes(word, Writeback::none);
}

std::optional<Access> lane_post_indexed(std::uint32_t word) noexcept
{
    return lanes(word, Writeback::post);
}

} // namespace aliasvm::a64::forms
