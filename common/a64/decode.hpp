// SPDX-License-Identifier: Apache-2.0
// A64 instruction words to the accesses that they make.
#pragma once

#include "common/a64/access.hpp"

#include <cstdint>
#include <optional>

namespace aliasvm::a64
{

/// The access that the instruction `word` makes; none if it is no load or store. Pure and total:
/// every word has an answer.
///
/// Taken: all loads and stores of Armv8.0-A with FP and Advanced SIMD, which is what a Cortex-A53
/// has (its CRC and crypto extensions add none), prefetches, and DC ZVA with the block of that CPU,
/// 64 bytes.
///
/// Not taken, beside what the architecture leaves unallocated:
/// - what later architectures added, undefined on this CPU: LSE atomics and compare-and-swap
///   (8.1), LDLAR and STLLR (8.1), LDAPR (8.3), LDRAA (8.3), LDAPUR and STLUR (8.4), memory tags,
///   SVE;
/// - cache maintenance: KVM skips it by itself;
/// - what the architecture calls CONSTRAINED UNPREDICTABLE: writeback to a base that is a data
///   register of the same instruction, a pair loaded to one register, the status of an exclusive
///   store in its own base or data, should-be-one bits that are zero. Arm does not say what a
///   Cortex-A53 does then (the TRM's appendix on such behaviours is of AArch32 only), assemblers
///   warn, and compilers emit none.
[[nodiscard]] std::optional<Access> decode(std::uint32_t word) noexcept;

} // namespace aliasvm::a64
