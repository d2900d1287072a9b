// SPDX-License-Identifier: Apache-2.0
// CPUs, PSCI and timer in a device tree that somebody brings.
#pragma once

#include "common/fdt/draft.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace aliasvm::plan
{

/// The tree has CPUs 0 to `vcpus` - 1 afterwards and no other, started by PSCI, and PSCI is called
/// by HVC. They sleep and change their speed by nobody's hand but the host's. A timer that the tree
/// has is the vCPUs', and so is a PMU if they have one. Names of nodes of CPU devices that the
/// machine has not, and that are disabled now, are added to `absent`.
void settle_cpus(std::uint32_t vcpus, bool has_pmu, fdt::Draft& root,
                 std::vector<std::string>& absent);

} // namespace aliasvm::plan
