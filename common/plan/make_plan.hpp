// SPDX-License-Identifier: Apache-2.0
// From a configuration, a catalogue and facts of the host to a plan, or to all that is wrong.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/catalogue.hpp"
#include "common/plan/config.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/plan.hpp"

#include <variant>

namespace aliasvm::plan
{

/// Pure: opens nothing, asks nobody, and gives the same answer each time. Problems come in the
/// order of the file, those of the configuration's text among them, and are never empty.
[[nodiscard]] std::variant<VmPlan, Problems>
make_plan(const Config& config, const Catalogue& catalogue, const HostFacts& facts);

} // namespace aliasvm::plan
