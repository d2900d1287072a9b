// SPDX-License-Identifier: Apache-2.0
// The forms of A64 loads and stores, each a function from a word of that form to its access.
// Internal to the decoder: decode() knows which word is of which form.
#pragma once

#include "common/a64/access.hpp"
#include "common/a64/table.hpp"

#include <cstdint>
#include <optional>

namespace aliasvm::a64::forms
{

// Every one of them: none if the rest of the word is unallocated or CONSTRAINED UNPREDICTABLE.

// One register; forms_single.cpp.
std::optional<Access> literal(std::uint32_t word) noexcept;
std::optional<Access> unsigned_immediate(std::uint32_t word) noexcept;
std::optional<Access> unscaled(std::uint32_t word) noexcept;
std::optional<Access> unprivileged(std::uint32_t word) noexcept;
std::optional<Access> post_indexed(std::uint32_t word) noexcept;
std::optional<Access> pre_indexed(std::uint32_t word) noexcept;
std::optional<Access> register_offset(std::uint32_t word) noexcept;

// Two registers; forms_pair.cpp.
std::optional<Access> pair(std::uint32_t word) noexcept;
std::optional<Access> pair_no_allocate(std::uint32_t word) noexcept;
std::optional<Access> pair_post_indexed(std::uint32_t word) noexcept;
std::optional<Access> pair_pre_indexed(std::uint32_t word) noexcept;

// Exclusive, acquire, release; forms_exclusive.cpp.
std::optional<Access> exclusive(std::uint32_t word) noexcept;
std::optional<Access> exclusive_pair(std::uint32_t word) noexcept;
std::optional<Access> ordered(std::uint32_t word) noexcept;

// SIMD structures; forms_structure.cpp.
std::optional<Access> structures(std::uint32_t word) noexcept;
std::optional<Access> structures_post_indexed(std::uint32_t word) noexcept;
std::optional<Access> lane(std::uint32_t word) noexcept;
std::optional<Access> lane_post_indexed(std::uint32_t word) noexcept;

// ---- what they share -------------------------------------------------------------------------

/// What a register, or each of a pair, has to do with memory.
struct Data
{
    Direction direction;
    std::uint8_t bytes; ///< of a prefetch: what its offset counts in
    bool general;       ///< or else SIMD&FP
    Extension extension = Extension::zero;
};

/// A register field where 31 is the zero register, or the stack pointer.
[[nodiscard]] constexpr Register or_zero(std::uint32_t number) noexcept
{
    return number == 31 ? Register::zr : Register{static_cast<std::uint8_t>(number)};
}
[[nodiscard]] constexpr Register or_stack(std::uint32_t number) noexcept
{
    return number == 31 ? Register::sp : Register{static_cast<std::uint8_t>(number)};
}
[[nodiscard]] constexpr VectorRegister vector(std::uint32_t number) noexcept
{
    return {static_cast<std::uint8_t>(number)};
}

// The fields that stand at the same place in every form.
[[nodiscard]] constexpr std::uint32_t rt(std::uint32_t word) noexcept
{
    return field(word, 0, 5);
}
[[nodiscard]] constexpr std::uint32_t rt2(std::uint32_t word) noexcept
{
    return field(word, 10, 5);
}
[[nodiscard]] constexpr Register base(std::uint32_t word) noexcept
{
    return or_stack(field(word, 5, 5));
}

} // namespace aliasvm::a64::forms
