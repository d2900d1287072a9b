// SPDX-License-Identifier: Apache-2.0
// One function for each thing to be known.
#include "common/plan/warnings.hpp"

#include "common/plan/print.hpp"

#include <algorithm>

#include <fmt/format.h>

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

void warn_of_phy(const Config& config, const AliasConfig& alias, Problems& warnings)
{
    if (!alias.phy)
        return;
    const std::string& instance = alias.instance.value;
    if (config.dtb)
        warnings.push_back({alias.phy->at,
                            fmt::format("phy of alias {} is not told to the guest, which gets the "
                                        "device tree {}",
                                        alias.name.value, config.dtb->value),
                            "say it there"});
    else
        warnings.push_back(
            {alias.phy->at,
             fmt::format("PHY {} is looked for on the MDIO bus of {}; on some boards one GEM's bus "
                         "serves the PHYs of others, and two drivers then disturb each other",
                         alias.phy->value,
                         instance.empty() ? std::string{"what is put behind " + alias.name.value}
                                          : instance),
             "if this PHY is on another GEM's bus, take the line out for a fixed link"});
}

void warn_of_mac(const Config& config, const AliasConfig& alias, Problems& warnings)
{
    if (alias.mac && config.dtb)
        warnings.push_back({alias.mac->at,
                            fmt::format("mac of alias {} is not told to the guest, which gets the "
                                        "device tree {}",
                                        alias.name.value, config.dtb->value),
                            "say it there"});
}

/// A check cannot tell whether there will be RAM. The start can, and does.
void warn_of_place(const Config& config, const VmPlan& plan, Problems& warnings)
{
    for (const Segment& segment : plan.kernel.segments)
    {
        const bool inside = std::ranges::any_of(
            plan.memory, [&segment](const Bank& bank)
            { return bank.range.contains(segment.memory.base, segment.memory.size); });
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

} // namespace

Problems find_warnings(const Config& config, const HostFacts& facts, const VmPlan& plan)
{
    Problems warnings;
    warn_of_identity(config, warnings);
    warn_of_foreign(config, facts, warnings);
    warn_of_place(config, plan, warnings);
    for (const AliasConfig& alias : config.aliases)
    {
        warn_of_mac(config, alias, warnings);
        warn_of_phy(config, alias, warnings);
    }
    sort_by_place(warnings);
    return warnings;
}

} // namespace aliasvm::plan
