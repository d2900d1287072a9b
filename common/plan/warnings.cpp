// SPDX-License-Identifier: Apache-2.0
// One function for each thing to be known.
#include "common/plan/warnings.hpp"

#include "common/plan/print.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace aliasvm::plan
{

namespace
{

void warn_of_identity(const Config& config, Problems& warnings)
{
    if (config.dma.value == Dma::identity)
        warnings.push_back({config.dma.at,
                            "dma = \"identity\" confines no DMA: the guest can have its devices "
                            "read and write all memory of the host",
                            "run only a guest that may do that, or enable the SMMU and write dma = "
                            "\"iommu\""});
}

void warn_of_phy(const AliasConfig& alias, Problems& warnings)
{
    if (!alias.phy)
        return;
    const std::string& instance = alias.instance.value;
    warnings.push_back(
        {alias.phy->at,
         fmt::format("PHY {} is looked for on the MDIO bus of {}; on some boards one GEM's bus "
                     "serves the PHYs of others, and two drivers then disturb each other",
                     alias.phy->value,
                     instance.empty() ? std::string{"what is put behind " + alias.name.value}
                                      : instance),
         "if this PHY is on another GEM's bus, take the line out for a fixed link"});
}

/// The copy of a tree that somebody brings has no node that could say it.
void warn_of_untold(const AliasConfig& alias, const Config& config, const VmPlan& plan,
                    Problems& warnings)
{
    if (std::ranges::count(plan.dtb.untold, alias.name.value) == 0)
        return;
    const auto warn = [&](const char* key, const SourcePosition& at)
    {
        warnings.push_back({at,
                            fmt::format("{} of alias {} is not told to the guest: dtb {} has no "
                                        "enabled node of it",
                                        key, alias.name.value, config.dtb->value),
                            "put a node there, at the alias's address"});
    };
    if (alias.mac)
        warn("mac", alias.mac->at);
    if (alias.phy)
        warn("phy", alias.phy->at);
}

/// What a copy of the user's tree says otherwise than the file.
void warn_of_own_tree(const Config& config, const VmPlan& plan, Problems& warnings)
{
    const auto warn = [&](const char* what, const std::vector<std::string>& nodes, const char* mend)
    {
        if (!nodes.empty())
            warnings.push_back(
                {config.dtb->at,
                 fmt::format("dtb {} {}: {}", config.dtb->value, what, fmt::join(nodes, ", ")),
                 mend});
    };
    warn("has nodes of what this VM has not, and the guest gets them disabled", plan.dtb.absent,
         "nothing, or give it an alias of what it needs");
    warn("has nodes of aliases of this VM disabled, and the guest will not use them",
         plan.dtb.asleep, "nothing, or have status = \"okay\" there");
}

/// A check cannot tell whether there will be RAM. The start can, and does.
void warn_of_place(const Config& config, const VmPlan& plan, Problems& warnings)
{
    for (const Segment& segment : plan.kernel.segments)
    {
        const auto holds = [&segment](const Bank& bank)
        { return bank.range.contains(segment.memory.base, segment.memory.size); };
        const bool inside =
            std::ranges::any_of(plan.memory, holds) || (plan.ocm && holds(*plan.ocm));
        if (!inside)
            warnings.push_back(
                {config.kernel->at,
                 fmt::format(
                     "kernel {}: [{}] must be in the host's hugepages, whose place only the "
                     "start of the VM tells",
                     config.kernel->value, range_text(segment.memory)),
                 "if it is linked to run near 0, add low_memory = \"2M\""});
    }
}

void warn_of_foreign(const Config& config, const HostFacts& facts, Problems& warnings)
{
    if (const auto* foreign = std::get_if<ForeignImage>(&facts.kernel))
        warnings.push_back({config.kernel->at,
                            fmt::format("kernel {} {}, and runs as a raw binary because there is "
                                        "kernel_address",
                                        config.kernel->value, foreign->fault.what),
                            "take kernel_address out if it is none"});
}

/// An ELF file that was built for another exception level than the one a VM is entered at.
void warn_of_exception_level(const Config& config, const HostFacts& facts, Problems& warnings)
{
    constexpr const char* bsp_mend = "set EL3 to 0 and EL1_NONSECURE to 1 in its BSP (bspconfig.h; "
                                     "in the newer tools the option "
                                     "standalone_el1_ns), and build it again";
    const auto* elf = std::get_if<ElfImage>(&facts.kernel);
    if (elf == nullptr)
        return;
    const CodeFacts& code = elf->code;
    const auto warn = [&](const std::string& what, const char* mend)
    {
        warnings.push_back(
            {config.kernel->at, fmt::format("kernel {} {}", config.kernel->value, what), mend});
    };
    const auto el3 = code.written_of_el3();
    if (code.bsp == BspStart::not_el1)
        warn("is built with AMD's BSP, and not for EL1, at which a VM is entered: it will wait for "
             "ever at its start",
             bsp_mend);
    else if (code.bsp == BspStart::takes_el1 && code.reads(esr_el3))
        warn("is built with AMD's BSP for EL1, but for EL3 as well: its first exception will read "
             "ESR_EL3, and that at EL1 is an exception again",
             bsp_mend);
    else if (code.bsp == BspStart::none && !el3.empty() && !code.writes(vbar_el1))
        warn(fmt::format("writes {} and not VBAR_EL1, as if built for EL3; a VM is entered at EL1",
                         fmt::join(el3, ", ")),
             "build it for EL1, non-secure");
}

/// Start code of AMD's BSP reads it before anything else; an exception there is silence.
void warn_of_pmu(const Config& config, const HostFacts& facts, Problems& warnings)
{
    const auto* elf = std::get_if<ElfImage>(&facts.kernel);
    if (elf == nullptr || facts.cpu.pmu || !elf->code.reads(pmcr_el0))
        return;
    warnings.push_back(
        {config.kernel->at,
         fmt::format("kernel {} reads PMCR_EL0, which is an undefined instruction in a guest of "
                     "this host: its kernel drives no PMU, and so KVM offers none",
                     config.kernel->value),
         host_pmu_node});
}

} // namespace

Problems find_warnings(const Config& config, const HostFacts& facts, const VmPlan& plan)
{
    Problems warnings;
    warn_of_identity(config, warnings);
    warn_of_foreign(config, facts, warnings);
    warn_of_exception_level(config, facts, warnings);
    warn_of_pmu(config, facts, warnings);
    warn_of_place(config, plan, warnings);
    for (const AliasConfig& alias : config.aliases)
    {
        warn_of_phy(alias, warnings);
        warn_of_untold(alias, config, plan, warnings);
    }
    if (config.dtb)
        warn_of_own_tree(config, plan, warnings);
    sort_by_place(warnings);
    return warnings;
}

} // namespace aliasvm::plan
