// SPDX-License-Identifier: Apache-2.0
// What of a configuration is allowed, but should be known.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/config.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/plan.hpp"

namespace aliasvm::plan
{

/// In the form of problems, in the order of the file. `plan` was made of `config` and `facts`.
[[nodiscard]] Problems find_warnings(const Config& config, const HostFacts& facts,
                                     const VmPlan& plan);

} // namespace aliasvm::plan
