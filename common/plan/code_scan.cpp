// SPDX-License-Identifier: Apache-2.0
// Words of A64, compared with the few instructions that tell something (Arm ARM, C6).
#include "common/plan/code_scan.hpp"

#include "common/plan/image_bytes.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

using Bytes = std::span<const std::byte>;

struct Name
{
    SystemRegister which;
    const char* text;
};

constexpr std::array names{
    Name{{3, 6, 1, 0, 0}, "SCTLR_EL3"},  Name{{3, 6, 1, 0, 1}, "ACTLR_EL3"},
    Name{{3, 6, 1, 1, 0}, "SCR_EL3"},    Name{{3, 6, 1, 1, 2}, "CPTR_EL3"},
    Name{{3, 6, 1, 3, 1}, "MDCR_EL3"},   Name{{3, 6, 2, 0, 0}, "TTBR0_EL3"},
    Name{{3, 6, 2, 0, 2}, "TCR_EL3"},    Name{{3, 6, 4, 0, 0}, "SPSR_EL3"},
    Name{{3, 6, 4, 0, 1}, "ELR_EL3"},    Name{esr_el3, "ESR_EL3"},
    Name{{3, 6, 6, 0, 0}, "FAR_EL3"},    Name{{3, 6, 10, 2, 0}, "MAIR_EL3"},
    Name{{3, 6, 12, 0, 0}, "VBAR_EL3"},  Name{{3, 6, 12, 0, 2}, "RMR_EL3"},
    Name{{3, 6, 13, 0, 2}, "TPIDR_EL3"}, Name{pmcr_el0, "PMCR_EL0"},
    Name{current_el, "CurrentEL"},       Name{vbar_el1, "VBAR_EL1"},
};

constexpr std::uint32_t any_register = 0x1f;

/// MSR or MRS of a register by its name.
std::optional<RegisterUse> register_use(std::uint32_t word)
{
    constexpr std::uint32_t mask = 0xffd0'0000;
    constexpr std::uint32_t move = 0xd510'0000;
    if ((word & mask) != move)
        return std::nullopt;
    const auto field = [word](unsigned shift, unsigned bits)
    { return static_cast<std::uint8_t>(word >> shift & ((1U << bits) - 1)); };
    const bool read = field(21, 1) != 0;
    return RegisterUse{{static_cast<std::uint8_t>(2 + field(19, 1)), field(16, 3), field(12, 4),
                        field(8, 4), field(5, 3)},
                       read,
                       !read};
}

std::optional<std::uint32_t> word_at(Bytes code, std::int64_t index)
{
    if (index < 0 || !fits(static_cast<std::uint64_t>(index) * 4, 4, code.size()))
        return std::nullopt;
    return little_endian<std::uint32_t>(code, static_cast<std::size_t>(index) * 4);
}

/// Where a branch at `index` goes, in words from the piece's begin: `bits` of its offset from
/// `shift` on.
std::int64_t target(std::int64_t index, std::uint32_t word, unsigned shift, unsigned bits)
{
    const std::uint32_t sign = 1U << (bits - 1);
    const std::uint32_t offset = word >> shift & ((1U << bits) - 1);
    return index + static_cast<std::int64_t>(offset ^ sign) - static_cast<std::int64_t>(sign);
}

/// B
std::optional<std::int64_t> branch_at(Bytes code, std::int64_t index)
{
    const auto word = word_at(code, index);
    if (!word || *word >> 26 != 0x05)
        return std::nullopt;
    return target(index, *word, 0, 26);
}

/// B.EQ
std::optional<std::int64_t> branch_if_equal_at(Bytes code, std::int64_t index)
{
    const auto word = word_at(code, index);
    if (!word || (*word & 0xff00'001f) != 0x5400'0000)
        return std::nullopt;
    return target(index, *word, 5, 19);
}

/// CMP Xn, #level, where levels are as CurrentEL has them.
bool compares_at(Bytes code, std::int64_t index, std::uint32_t n, unsigned level)
{
    return word_at(code, index) == (0xf100'001fU | level << 2 << 10 | n << 5);
}

/// b .
bool waits_at(Bytes code, std::int64_t index)
{
    return branch_at(code, index) == index;
}

/// mrs x0, CurrentEL; cmp x0, #12; b.eq A; cmp x0, #4; b.eq B; b E, where E is "b E". B is "b E" as
/// well where EL1_NONSECURE was 0.
BspStart bsp_start_at(Bytes code, std::int64_t index, std::uint32_t word)
{
    const std::uint32_t n = word & any_register;
    const auto to_el1 = branch_if_equal_at(code, index + 4);
    const auto to_error = branch_at(code, index + 5);
    if (!compares_at(code, index + 1, n, 3) || !branch_if_equal_at(code, index + 2) ||
        !compares_at(code, index + 3, n, 1) || !to_el1 || !to_error || !waits_at(code, *to_error))
        return BspStart::none;
    return branch_at(code, *to_el1) == to_error ? BspStart::not_el1 : BspStart::takes_el1;
}

} // namespace

std::string register_text(const SystemRegister& which)
{
    const auto* const known = std::ranges::find(names, which, &Name::which);
    if (known != names.end())
        return known->text;
    return fmt::format("S{}_{}_C{}_C{}_{}", which.op0, which.op1, which.crn, which.crm, which.op2);
}

bool CodeFacts::reads(const SystemRegister& which) const
{
    const auto use = std::ranges::find(registers, which, &RegisterUse::which);
    return use != registers.end() && use->read;
}

bool CodeFacts::writes(const SystemRegister& which) const
{
    const auto use = std::ranges::find(registers, which, &RegisterUse::which);
    return use != registers.end() && use->written;
}

std::vector<std::string> CodeFacts::written_of_el3() const
{
    constexpr std::uint8_t el3 = 6;
    std::vector<std::string> found;
    for (const RegisterUse& use : registers)
    {
        // By name only: a word of data looks like some register of EL3 more easily than like one
        // that there is.
        if (use.written && use.which.op1 == el3 &&
            std::ranges::find(names, use.which, &Name::which) != names.end())
            found.push_back(register_text(use.which));
    }
    return found;
}

CodeFacts scan_code(std::span<const Bytes> pieces)
{
    CodeFacts facts;
    std::map<SystemRegister, RegisterUse> uses;
    for (const Bytes code : pieces)
    {
        const auto words = static_cast<std::int64_t>(code.size() / 4);
        for (std::int64_t index = 0; index < words; ++index)
        {
            const std::uint32_t word = *word_at(code, index);
            const auto use = register_use(word);
            if (!use)
                continue;
            RegisterUse& known = uses.emplace(use->which, RegisterUse{use->which}).first->second;
            known.read |= use->read;
            known.written |= use->written;
            if (use->read && use->which == current_el && facts.bsp == BspStart::none)
                facts.bsp = bsp_start_at(code, index, word);
        }
    }
    for (const auto& [which, use] : uses)
        facts.registers.push_back(use);
    return facts;
}

} // namespace aliasvm::plan
