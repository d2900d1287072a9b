// SPDX-License-Identifier: Apache-2.0
// Where a VM's RAM lies, before anything is put into it.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/catalogue.hpp"
#include "common/plan/config.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/plan.hpp"

#include <optional>
#include <vector>

namespace aliasvm::plan
{

inline constexpr std::uint64_t hugepage_size = 2U << 20;

struct MemoryLayout
{
    std::vector<Bank> banks;       ///< ascending; empty if there is a problem
    std::vector<GuestRange> holes; ///< in the banks, where no device reaches
    bool example{};                ///< the banks with an offset are made up
    std::optional<Bank> ocm;       ///< on-chip memory, if the configuration wants it
};

/// Through an IOMMU: the SoC's ranges of RAM, filled from 0 on. At identity: the host's hugepages,
/// pieces that are next to each other in memory and in the file joined, and low_memory. On-chip
/// memory is reached by devices through an IOMMU only: without one theirs is the host's. Whether
/// anything is in the way is not looked at here.
[[nodiscard]] MemoryLayout lay_out_memory(const Config& config, const Catalogue& catalogue,
                                          const HostFacts& facts, Problems& problems);

} // namespace aliasvm::plan
