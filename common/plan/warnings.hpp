// SPDX-License-Identifier: Apache-2.0
// What of a configuration is allowed, but should be known.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/config.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/plan.hpp"

namespace aliasvm::plan
{

/// The mend where a host has no PMU for its guests: what its device tree must have.
inline constexpr const char* host_pmu_node =
    "write pmu { compatible = \"arm,cortex-a53-pmu\"; interrupts = <0 143 4>, "
    "<0 144 4>, <0 145 4>, <0 146 4>; interrupt-affinity = <&cpu0>, <&cpu1>, <&cpu2>, <&cpu3>; }; "
    "into the root of the host's device tree";

/// In the form of problems, in the order of the file. `plan` was made of `config` and `facts`.
[[nodiscard]] Problems find_warnings(const Config& config, const HostFacts& facts,
                                     const VmPlan& plan);

} // namespace aliasvm::plan
