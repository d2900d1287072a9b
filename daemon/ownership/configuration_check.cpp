// SPDX-License-Identifier: Apache-2.0
// The plan that a VMM would make, made here.
#include "daemon/ownership/configuration_check.hpp"

#include "common/facts/assumed_cpu.hpp"
#include "common/facts/gather.hpp"
#include "common/plan/make_plan.hpp"

#include <utility>
#include <variant>

namespace aliasvm::daemon
{

Verdict check_configuration(const Machine& machine, Machines& machines,
                            const plan::Catalogue& catalogue)
{
    machines.refresh(machine.name);
    if (!machine.config)
        return {{{{machine.config_path, 0, 0}, "there is no such file", "write it"}}, {}};
    plan::Config config = *machine.config;
    for (plan::AliasConfig& alias : config.aliases)
        alias.instance.value = machines.wanted(machine, alias.name.value);
    auto made =
        plan::make_plan(config, catalogue,
                        facts::gather(config, catalogue, facts::assumed_cpu(), facts::Eyes::vms));
    Verdict verdict;
    if (auto* const plan = std::get_if<plan::VmPlan>(&made))
        verdict.warnings = std::move(plan->warnings);
    else
        verdict.problems = std::move(std::get<Problems>(made));
    if (auto hidden = facts::hidden_configuration(machine.config_path))
        verdict.problems.insert(verdict.problems.begin(), std::move(*hidden));
    return verdict;
}

} // namespace aliasvm::daemon
