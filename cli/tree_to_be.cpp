// SPDX-License-Identifier: Apache-2.0
// Planned as check plans it, and made as the VMM makes it.
#include "cli/tree_to_be.hpp"

#include "cli/failure.hpp"
#include "cli/model.hpp"
#include "common/base/file.hpp"
#include "common/facts/assumed_cpu.hpp"
#include "common/facts/gather.hpp"
#include "common/plan/guest_dtb.hpp"
#include "common/plan/make_plan.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

plan::Config read_config(const Machine& machine)
{
    const auto bytes = read_file(machine.config_path);
    plan::Config config =
        plan::parse_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                           machine.config_path, VmName::from(machine.name).value());
    for (plan::AliasConfig& alias : config.aliases)
    {
        const auto now = std::ranges::find(machine.aliases, alias.name.value, &Alias::name);
        if (now != machine.aliases.end() && (now->backing == "instance" || now->backing == "none"))
            alias.instance.value = now->instance;
    }
    return config;
}

} // namespace

std::variant<std::vector<std::byte>, Problems> tree_to_be(Session& session,
                                                          const std::string& machine)
{
    const Inventory inventory = read_inventory(session.client());
    const plan::Config config = read_config(inventory.machine(machine));
    const plan::Catalogue catalogue{read_file(session.catalogue), session.catalogue};
    const plan::HostFacts facts =
        facts::gather(config, catalogue, facts::assumed_cpu(), facts::Eyes::vms);
    auto made = plan::make_plan(config, catalogue, facts);
    if (auto* const problems = std::get_if<Problems>(&made))
        return std::move(*problems);
    const auto& plan = std::get<plan::VmPlan>(made);
    complain(fmt::format("{} does not run; this is the tree that it would get, but for what "
                         "only its start knows: {}rng-seed, clock rates of the host",
                         machine, plan.example_place ? "the place of its hugepages, " : ""));
    return plan::guest_dtb(plan, catalogue, facts);
}

} // namespace aliasvm::cli
