// SPDX-License-Identifier: Apache-2.0
// The parts of a plan put together.
#include "common/plan/make_plan.hpp"

#include "common/plan/alias_planner.hpp"
#include "common/plan/conflicts.hpp"
#include "common/plan/memory_layout.hpp"
#include "common/plan/own_tree.hpp"
#include "common/plan/placement.hpp"
#include "common/plan/warnings.hpp"
#include "common/quiesce/quiesce.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

void check_host(const Config& config, const HostFacts& facts,
                const std::vector<LocatedAlias>& aliases, Problems& problems)
{
    const bool any_instance = std::ranges::any_of(aliases, [](const LocatedAlias& alias)
                                                  { return !alias.plan.sysname.empty(); });
    if (!any_instance || facts.host_page_size == page_size)
        return;
    const SourcePosition whole_file{config.file};
    problems.push_back({whole_file,
                        fmt::format("the host's pages have {} bytes, so that the 4 KiB windows of "
                                    "devices cannot be mapped",
                                    facts.host_page_size),
                        "build the host's kernel with CONFIG_ARM64_4K_PAGES"});
}

/// The daemon brings a device to rest before it gives it to anybody, and cannot with these.
void check_rest(const std::vector<LocatedAlias>& aliases, Problems& problems)
{
    for (const LocatedAlias& alias : aliases)
    {
        if (alias.plan.backing == Backing::instance &&
            !quiesce::has_sequence(alias.plan.compatible))
            problems.push_back(
                {alias.instance_at,
                 fmt::format("no quiesce sequence is known for {} ({}), so no VM can "
                             "have it",
                             alias.plan.instance, alias.plan.compatible.front()),
                 "write \"\" for nothing yet"});
    }
}

Surroundings surroundings(const Catalogue& catalogue, const std::vector<LocatedAlias>& aliases)
{
    Surroundings around{{{catalogue.gic_distributor(), "the GIC distributor"},
                         {catalogue.gic_cpu_interface(), "the GIC CPU interface"}},
                        catalogue.memory(),
                        catalogue.ocm()};
    for (const LocatedAlias& alias : aliases)
    {
        for (const Window& window : alias.plan.windows)
            around.devices.push_back({window.guest, "alias " + alias.plan.name});
    }
    return around;
}

/// Also an alias that is empty now counts: a bus master may be put behind it later.
bool any_bus_master(const std::vector<LocatedAlias>& aliases, const Catalogue& catalogue)
{
    return std::ranges::any_of(aliases,
                               [&catalogue](const LocatedAlias& alias)
                               {
                                   const Instance* like = catalogue.find(alias.plan.name);
                                   return alias.plan.dma != Dma::none ||
                                          (like != nullptr && like->dma());
                               });
}

/// The tree that the configuration names must become one of this machine. What is known of it then
/// is in the plan; the bytes are made when a guest gets them.
Problems check_own_tree(const Config& config, const Catalogue& catalogue, const HostFacts& facts,
                        VmPlan& plan)
{
    if (!config.dtb)
        return {};
    auto made = own_tree(plan, catalogue, std::get<DtbFile>(facts.dtb).bytes, facts.random_seed);
    Problems problems;
    if (auto* const tree = std::get_if<OwnTree>(&made))
    {
        plan.dtb.absent = std::move(tree->absent);
        plan.dtb.asleep = std::move(tree->asleep);
        plan.dtb.untold = std::move(tree->untold);
    }
    else
    {
        for (const ImageFault& fault : std::get<std::vector<ImageFault>>(made))
            problems.push_back({config.dtb->at,
                                fmt::format("dtb {} {}", config.dtb->value, fault.what),
                                fault.mend});
    }
    return problems;
}

} // namespace

std::variant<VmPlan, Problems> make_plan(const Config& config, const Catalogue& catalogue,
                                         const HostFacts& facts)
{
    Problems problems = config.problems;
    if (!config.readable)
        return problems;

    std::vector<LocatedAlias> aliases = plan_aliases(config, catalogue, facts.traits, problems);
    MemoryLayout memory = lay_out_memory(config, catalogue, facts, problems);
    check_conflicts(config, catalogue, facts, memory, aliases, problems);
    check_host(config, facts, aliases, problems);
    check_rest(aliases, problems);
    std::optional<Placement> placement =
        place_images(config, facts, memory, surroundings(catalogue, aliases), problems);
    if (!problems.empty())
    {
        sort_by_place(problems);
        return problems;
    }
    if (!placement)
        throw std::logic_error{"a plan without placement should have a problem"};

    VmPlan plan{.name = config.name,
                .memory = std::move(memory.banks),
                .ocm = memory.ocm,
                .example_place = memory.example,
                .dma_holes = {},
                .clock_rates = facts.clock_rates,
                .vcpus = config.vcpus.value,
                .pmu = facts.cpu.pmu,
                .gic_distributor = catalogue.gic_distributor(),
                .gic_cpu_interface = catalogue.gic_cpu_interface(),
                .kernel = std::move(placement->kernel),
                .initrd = std::move(placement->initrd),
                .dtb = std::move(placement->dtb),
                .cmdline = config.cmdline.value,
                .aliases = {},
                .stop_timeout = config.stop_timeout.value,
                .warnings = {}};
    if (any_bus_master(aliases, catalogue))
        plan.dma_holes = std::move(memory.holes);
    for (LocatedAlias& alias : aliases)
        plan.aliases.push_back(std::move(alias.plan));
    if (Problems faults = check_own_tree(config, catalogue, facts, plan); !faults.empty())
        return faults;
    plan.warnings = find_warnings(config, facts, plan);
    return plan;
}

} // namespace aliasvm::plan
