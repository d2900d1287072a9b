// SPDX-License-Identifier: Apache-2.0
// The walk of Arm ARM D5 (DDI 0487, "The AArch64 Virtual Memory System Architecture"), without
// attributes and permissions.
#include "common/a64/translate.hpp"

#include <algorithm>

namespace aliasvm::a64
{

namespace
{

constexpr std::uint64_t ones(unsigned count) noexcept
{
    return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

constexpr std::uint64_t bits(std::uint64_t value, unsigned low, unsigned count) noexcept
{
    return (value >> low) & ones(count);
}

constexpr bool bit(std::uint64_t value, unsigned number) noexcept
{
    return bits(value, number, 1) != 0;
}

/// Bits 47 to `low` of a TTBR or a descriptor.
constexpr std::uint64_t address_in(std::uint64_t value, unsigned low) noexcept
{
    return value & ones(48) & ~ones(low);
}

/// TCR_EL1 and a TTBR, for one half of the addresses.
struct Half
{
    std::uint64_t table;   // TTBR0_EL1 or TTBR1_EL1
    unsigned size;         // T0SZ or T1SZ
    bool disabled;         // EPD0 or EPD1
    bool tagged;           // TBI0 or TBI1
    unsigned granule_bits; // 12, 14, 16; 0 if reserved
};

Half lower_half(const Regime& regime) noexcept
{
    constexpr unsigned granules[] = {12, 16, 14, 0};
    const std::uint64_t tcr = regime.tcr;
    return {regime.ttbr0, static_cast<unsigned>(bits(tcr, 0, 6)), bit(tcr, 7), bit(tcr, 37),
            granules[bits(tcr, 14, 2)]};
}

Half upper_half(const Regime& regime) noexcept
{
    constexpr unsigned granules[] = {0, 14, 12, 16};
    const std::uint64_t tcr = regime.tcr;
    return {regime.ttbr1, static_cast<unsigned>(bits(tcr, 16, 6)), bit(tcr, 23), bit(tcr, 38),
            granules[bits(tcr, 30, 2)]};
}

/// TCR_EL1.IPS, as far as the CPU goes.
unsigned output_bits(const Regime& regime) noexcept
{
    constexpr unsigned sizes[] = {32, 36, 40, 42, 44, 48, 48, 48};
    return std::min<unsigned>(sizes[bits(regime.tcr, 32, 3)], regime.physical_bits);
}

std::optional<GuestAddr> walk(const Half& half, unsigned limit, std::uint64_t at,
                              const PhysicalMemory& memory) noexcept
{
    const unsigned granule = half.granule_bits;
    const unsigned level_bits = granule - 3; // a table of 8-byte descriptors fills a granule
    const unsigned input_bits = 64 - half.size;
    const unsigned levels = (input_bits - granule + level_bits - 1) / level_bits;
    at &= ones(input_bits);

    // The first table is only as large as it must be, and its address is aligned to that.
    unsigned shift = granule + level_bits * (levels - 1);
    std::uint64_t table = address_in(half.table, input_bits - shift + 3);
    for (;; shift -= level_bits)
    {
        if (table > ones(limit))
            return std::nullopt;
        const std::optional<std::uint64_t> descriptor =
            memory.word(GuestAddr{table + bits(at, shift, level_bits) * 8});
        if (!descriptor || !bit(*descriptor, 0))
            return std::nullopt;
        const bool last = shift == granule;
        if (!last && bit(*descriptor, 1))
        {
            table = address_in(*descriptor, granule);
            continue;
        }
        // A page at the last level; a block at the one above, with 4 KiB also at the second above.
        const bool page = last && bit(*descriptor, 1);
        const bool block = !last && shift <= granule + level_bits * (granule == 12 ? 2 : 1);
        const std::uint64_t output = address_in(*descriptor, shift);
        if ((!page && !block) || !bit(*descriptor, 10) || output > ones(limit))
            return std::nullopt;
        return GuestAddr{output | (at & ones(shift))};
    }
}

} // namespace

std::optional<GuestAddr> translate(const Regime& regime, VirtualAddr at,
                                   const PhysicalMemory& memory) noexcept
{
    constexpr unsigned mmu_on = 0;
    constexpr unsigned big_endian = 25;
    const bool upper = bit(at.value, 55);
    const Half half = upper ? upper_half(regime) : lower_half(regime);
    const unsigned top = half.tagged ? 56 : 64; // bits that are no tag

    if (!bit(regime.sctlr, mmu_on))
    {
        const std::uint64_t flat = at.value & ones(top);
        return flat > ones(regime.physical_bits) ? std::nullopt : std::optional{GuestAddr{flat}};
    }

    if (bit(regime.sctlr, big_endian) || half.disabled || half.granule_bits == 0 ||
        half.size < 16 || half.size > 39)
        return std::nullopt;
    const unsigned input_bits = 64 - half.size;
    const std::uint64_t above = bits(at.value, input_bits, top - input_bits);
    if (above != (upper ? ones(top - input_bits) : 0))
        return std::nullopt;
    return walk(half, output_bits(regime), at.value, memory);
}

std::optional<std::uint32_t> fetch(const Regime& regime, VirtualAddr pc,
                                   const PhysicalMemory& memory) noexcept
{
    if (pc.value % 4 != 0)
        return std::nullopt;
    const std::optional<GuestAddr> at = translate(regime, pc, memory);
    if (!at)
        return std::nullopt;
    const std::optional<std::uint64_t> words = memory.word(GuestAddr{at->value & ~ones(3)});
    if (!words)
        return std::nullopt;
    return static_cast<std::uint32_t>(bit(at->value, 2) ? *words >> 32 : *words);
}

} // namespace aliasvm::a64
