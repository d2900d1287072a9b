// SPDX-License-Identifier: Apache-2.0
// Elements between memory and registers, one by one.
#include "common/a64/perform.hpp"

namespace aliasvm::a64
{

namespace
{

template <class... F>
struct Overloaded : F...
{
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

constexpr VectorRegister after(VectorRegister first, unsigned distance) noexcept
{
    return {static_cast<std::uint8_t>((first.number + distance) % 32)};
}

// ---- general registers and addresses ---------------------------------------------------------

std::uint64_t value_of(Register which, const Registers& registers) noexcept
{
    return which == Register::zr ? 0 : registers.general(which);
}

std::uint64_t offset_of(const Place& place, const Registers& registers) noexcept
{
    if (const auto* bytes = std::get_if<std::int64_t>(&place.offset))
        return static_cast<std::uint64_t>(*bytes);
    const Index index = *std::get_if<Index>(&place.offset);
    std::uint64_t value = value_of(index.from, registers);
    if (index.extend == Extend::uxtw)
        value = static_cast<std::uint32_t>(value);
    else if (index.extend == Extend::sxtw)
        value = static_cast<std::uint64_t>(
            std::int64_t{static_cast<std::int32_t>(static_cast<std::uint32_t>(value))});
    return value << index.shift;
}

VirtualAddr address_of(const Place& place, const Registers& registers) noexcept
{
    const std::uint64_t base = value_of(place.base, registers);
    const std::uint64_t at =
        place.writeback == Writeback::post ? base : base + offset_of(place, registers);
    return {at & ~(std::uint64_t{place.block} - 1)};
}

std::uint64_t low_bytes(std::uint64_t value, unsigned bytes) noexcept
{
    return bytes >= 8 ? value : value & ((std::uint64_t{1} << (8 * bytes)) - 1);
}

std::uint64_t extended(std::uint64_t value, unsigned bytes, Extension extension) noexcept
{
    if (extension == Extension::zero)
        return value;
    const std::uint64_t sign = std::uint64_t{1} << (8 * bytes - 1);
    const std::uint64_t whole = (value ^ sign) - sign;
    return extension == Extension::sign_32 ? static_cast<std::uint32_t>(whole) : whole;
}

// ---- lanes -----------------------------------------------------------------------------------

struct Lane
{
    unsigned in_register; // from the structure's first
    unsigned lane;
};

/// Where the element with that number lies; its first lane, for Lanes::all.
Lane place_of(const Structure& structure, unsigned bytes, unsigned number) noexcept
{
    const unsigned lanes = structure.register_bytes / bytes;
    switch (structure.lanes)
    {
    case Lanes::consecutive:
        return {number / lanes, number % lanes};
    case Lanes::interleaved:
        return {number % structure.registers, number / structure.registers};
    case Lanes::one:
        return {number, structure.lane};
    case Lanes::all:
        break;
    }
    return {number, 0};
}

std::uint64_t lane_of(Quad whole, unsigned bytes, unsigned lane) noexcept
{
    const unsigned at = bytes * lane;
    return low_bytes((at < 8 ? whole.low : whole.high) >> (8 * (at % 8)), bytes);
}

void set_lane(Quad& whole, unsigned bytes, unsigned lane, std::uint64_t value) noexcept
{
    const unsigned at = bytes * lane;
    std::uint64_t& half = at < 8 ? whole.low : whole.high;
    const unsigned shift = 8 * (at % 8);
    half = (half & ~(low_bytes(~std::uint64_t{0}, bytes) << shift)) | value << shift;
}

// ---- elements --------------------------------------------------------------------------------

/// What a store writes as its element `number`.
Quad supplied(const Access& access, unsigned number, const Registers& registers) noexcept
{
    const unsigned bytes = access.element_bytes;
    return std::visit(
        Overloaded{
            [&](const General& general) -> Quad
            {
                const Register from = number == 0 ? general.first : general.second;
                return {low_bytes(value_of(from, registers), bytes), 0};
            },
            [&](const Scalar& scalar) -> Quad
            {
                const Quad whole = registers.vector(number == 0 ? scalar.first : scalar.second);
                return {low_bytes(whole.low, bytes), whole.high};
            },
            [&](const Structure& structure) -> Quad
            {
                const Lane at = place_of(structure, bytes, number);
                const Quad whole = registers.vector(after(structure.first, at.in_register));
                return {lane_of(whole, bytes, at.lane), 0};
            },
            [](NoRegister) -> Quad { return {}; },
        },
        access.target);
}

/// What a load makes of its element `number`, which has zeros above its bytes.
void receive(const Access& access, unsigned number, Quad element, Registers& registers) noexcept
{
    const unsigned bytes = access.element_bytes;
    std::visit(
        Overloaded{
            [&](const General& general)
            {
                const Register to = number == 0 ? general.first : general.second;
                if (to != Register::zr)
                    registers.set_general(to, extended(element.low, bytes, general.extension));
            },
            [&](const Scalar& scalar)
            { registers.set_vector(number == 0 ? scalar.first : scalar.second, element); },
            [&](const Structure& structure)
            {
                const Lane at = place_of(structure, bytes, number);
                const VectorRegister to = after(structure.first, at.in_register);
                const bool begins = structure.lanes != Lanes::one && at.lane == 0;
                Quad whole = begins ? Quad{} : registers.vector(to);
                set_lane(whole, bytes, at.lane, element.low);
                if (structure.lanes == Lanes::all)
                    for (unsigned lane = 1; lane < structure.register_bytes / bytes; ++lane)
                        set_lane(whole, bytes, lane, element.low);
                registers.set_vector(to, whole);
            },
            [](NoRegister) {},
        },
        access.target);
}

Quad read(VirtualAddr at, std::uint8_t bytes, Memory& memory) noexcept
{
    if (bytes <= 8)
        return {memory.read(at, bytes), 0};
    const std::uint64_t low = memory.read(at, 8);
    return {low, memory.read(at + 8, 8)};
}

void write(VirtualAddr at, std::uint8_t bytes, Quad value, Memory& memory) noexcept
{
    if (bytes <= 8)
        return memory.write(at, bytes, value.low);
    memory.write(at, 8, value.low);
    memory.write(at + 8, 8, value.high);
}

} // namespace

bool understands(std::uint64_t pstate, std::uint64_t sctlr) noexcept
{
    constexpr std::uint64_t aarch32 = 1U << 4;         // PSTATE.nRW
    constexpr std::uint64_t level = 3U << 2;           // PSTATE.EL
    constexpr std::uint64_t big_endian_el1 = 1U << 25; // SCTLR_EL1.EE
    constexpr std::uint64_t big_endian_el0 = 1U << 24; // SCTLR_EL1.E0E
    if ((pstate & aarch32) != 0)
        return false;
    return (sctlr & ((pstate & level) != 0 ? big_endian_el1 : big_endian_el0)) == 0;
}

VirtualRange footprint(const Access& access, const Registers& registers) noexcept
{
    return {address_of(access.place, registers), access.bytes()};
}

void perform(const Access& access, Registers& registers, Memory& memory) noexcept
{
    // Both before a load changes what they are made of.
    const VirtualAddr start = address_of(access.place, registers);
    const std::uint64_t base =
        value_of(access.place.base, registers) + offset_of(access.place, registers);
    for (unsigned number = 0; number < access.elements; ++number)
    {
        const VirtualAddr at = start + number * access.element_bytes;
        if (access.direction == Direction::load)
            receive(access, number, read(at, access.element_bytes, memory), registers);
        else
            write(at, access.element_bytes, supplied(access, number, registers), memory);
    }
    if (access.semantics.status && *access.semantics.status != Register::zr)
        registers.set_general(*access.semantics.status, 0);
    if (access.place.writeback != Writeback::none)
        registers.set_general(access.place.base, base);
    registers.step();
}

} // namespace aliasvm::a64
