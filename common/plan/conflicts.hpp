// SPDX-License-Identifier: Apache-2.0
// What is in the way of what: windows, RAM, GIC, interrupt lines.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/alias_planner.hpp"
#include "common/plan/catalogue.hpp"
#include "common/plan/config.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/memory_layout.hpp"

#include <vector>

namespace aliasvm::plan
{

/// Adds a problem, naming both sides, for each overlap in the guest's address space, for each
/// window beyond it, for each SPI that two lines share and for each MAC address that is given
/// twice. Of a layout that is an example only what the configuration says is looked at.
void check_conflicts(const Config& config, const Catalogue& catalogue, const HostFacts& facts,
                     const MemoryLayout& memory, const std::vector<LocatedAlias>& aliases,
                     Problems& problems);

} // namespace aliasvm::plan
