// SPDX-License-Identifier: Apache-2.0
// Guest-virtual addresses to guest-physical ones, as the guest's MMU does it: EL1&0, stage 1.
#pragma once

#include "common/a64/access.hpp"
#include "common/base/address.hpp"

#include <cstdint>
#include <optional>

namespace aliasvm::a64
{

/// The system registers of EL1 that say how addresses are translated, as the guest has set them.
struct Regime
{
    std::uint64_t sctlr{}; ///< SCTLR_EL1
    std::uint64_t tcr{};   ///< TCR_EL1
    std::uint64_t ttbr0{}; ///< TTBR0_EL1
    std::uint64_t ttbr1{}; ///< TTBR1_EL1
    /// ID_AA64MMFR0_EL1.PARange in bits. A Cortex-A53 has 40.
    std::uint8_t physical_bits = 40;
};

/// The guest's RAM.
class PhysicalMemory
{
public:
    virtual ~PhysicalMemory() = default;

    /// The 8 bytes there, little-endian; `at` is a multiple of 8. None outside RAM.
    [[nodiscard]] virtual std::optional<std::uint64_t> word(GuestAddr at) const noexcept = 0;
};

/// Where the guest's CPU finds that address; none if it finds a fault: no valid descriptor, a
/// descriptor without access flag, an address that is out of the regime's range or has more bits
/// than the CPU, a table outside RAM. Granules of 4, 16 and 64 KiB (a Cortex-A53 has no 16), blocks
/// and pages, both halves, tagged addresses; up to 48 bits. Four reads of memory at the most.
///
/// No permission is looked at, for it is asked after an access that the guest's MMU has let through
/// to the hypervisor, and no TLB: a guest that changes a table without invalidating what it changed
/// gets the new one. None as well where the architecture leaves it to the CPU (reserved granules,
/// T0SZ and T1SZ out of 16 to 39), and with big-endian tables (SCTLR_EL1.EE).
[[nodiscard]] std::optional<GuestAddr> translate(const Regime& regime, VirtualAddr at,
                                                 const PhysicalMemory& memory) noexcept;

/// The instruction at `pc`; none if it is not aligned, does not translate, or lies outside RAM.
[[nodiscard]] std::optional<std::uint32_t> fetch(const Regime& regime, VirtualAddr pc,
                                                 const PhysicalMemory& memory) noexcept;

} // namespace aliasvm::a64
