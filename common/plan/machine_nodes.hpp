// SPDX-License-Identifier: Apache-2.0
// What every guest's tree says of CPUs, PSCI, timer and GIC, whoever began it.
#pragma once

#include "common/base/ppi.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace aliasvm::plan
{

inline constexpr const char* cpu_compatible = "arm,cortex-a53";
inline constexpr const char* cpu_enable_method = "psci";

/// Some guests look for the one, some for the other.
inline const std::array<std::string, 2> gic_compatible{"arm,gic-400", "arm,cortex-a15-gic"};
inline const std::vector<std::string> psci_compatible{"arm,psci-1.0", "arm,psci-0.2"};
inline constexpr const char* psci_method = "hvc";

// arm,gic.yaml
inline constexpr std::uint32_t irq_spi = 0;
inline constexpr std::uint32_t irq_ppi = 1;
inline constexpr std::uint32_t irq_edge_rising = 1;
inline constexpr std::uint32_t irq_level_high = 4;
inline constexpr std::uint32_t irq_level_low = 8;

/// GICv2: of a PPI's flags, bits 15:8 name the CPUs.
constexpr std::uint32_t on_all_cpus(std::uint32_t vcpus, std::uint32_t flags)
{
    return ((1U << vcpus) - 1) << 8 | flags;
}

/// arm/pmu.yaml: exactly one compatible, and "arm,armv8-pmuv3" is for models of no CPU in
/// particular. This one is that of the board's CPU, as the board's tree says, and KVM passes its own
/// events on: with this name Linux knows them.
inline constexpr const char* pmu_compatible = "arm,cortex-a53-pmu";

inline std::vector<std::uint32_t> pmu_interrupts(std::uint32_t vcpus)
{
    return {irq_ppi, pmu_overflow.dt_cell(), on_all_cpus(vcpus, irq_level_high)};
}

/// arm,arch_timer.yaml: secure physical, physical, virtual, hypervisor.
inline std::vector<std::uint32_t> timer_interrupts(std::uint32_t vcpus)
{
    const std::uint32_t flags = on_all_cpus(vcpus, irq_level_low);
    std::vector<std::uint32_t> cells;
    for (const std::uint32_t ppi : {13U, 14U, 11U, 10U})
        cells.insert(cells.end(), {irq_ppi, ppi, flags});
    return cells;
}

} // namespace aliasvm::plan
