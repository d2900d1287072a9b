// SPDX-License-Identifier: Apache-2.0
// Ppi: an interrupt that each CPU has for itself, by the numbers that it has.
#pragma once

#include <cstdint>

namespace aliasvm
{

/// The two numbers of a private peripheral interrupt (IHI 0048, 2.2.1); no irqfd drives one.
class Ppi
{
public:
    explicit constexpr Ppi(std::uint32_t number) : number_{number} {}

    /// As the guest's device tree has it: <GIC_PPI number flags>.
    [[nodiscard]] constexpr std::uint32_t dt_cell() const { return number_; }
    [[nodiscard]] constexpr std::uint32_t intid() const { return number_ + first_intid; }

private:
    static constexpr std::uint32_t first_intid = 16;

    std::uint32_t number_;
};

/// Overflow of a guest's performance counters, where BSA has it. The board has an SPI a CPU
/// instead, 143 to 146, for its four CPUs; a guest may have eight.
inline constexpr Ppi pmu_overflow{7};
static_assert(pmu_overflow.intid() == 23);

} // namespace aliasvm
