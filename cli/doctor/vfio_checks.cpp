// SPDX-License-Identifier: Apache-2.0
// VFIO's modules and the parameters that decide what they accept.
#include "cli/doctor/checks.hpp"
#include "cli/doctor/device_tree.hpp"
#include "cli/doctor/modules.hpp"

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

bool smmu_enabled(const HostView& host)
{
    const auto smmu = find_compatible(host, {"arm,mmu-500"});
    return smmu && smmu->enabled();
}

} // namespace

Finding check_vfio_modules(const HostView& host)
{
    std::vector<std::string> missing;
    std::vector<std::string> loadable;
    for (const std::string module : {"vfio", "vfio_platform"})
    {
        switch (module_state(host, module))
        {
        case ModuleState::missing:
            missing.push_back(module);
            break;
        case ModuleState::loadable:
            loadable.push_back(module);
            break;
        case ModuleState::loaded:
            break;
        }
    }
    if (!missing.empty())
        return fail(
            fmt::format("{} neither in the kernel nor in /lib/modules/{}",
                        missing.size() == 1 ? missing.front() + " is" : listed(missing) + " are",
                        host.release),
            "build the kernel with CONFIG_VFIO=y and CONFIG_VFIO_PLATFORM=y, or install its "
            "modules");
    if (!loadable.empty())
        return ok(fmt::format("{} can be loaded", listed(loadable)));
    return ok("vfio and vfio_platform are loaded");
}

Finding check_reset_required(const HostView& host)
{
    if (module_state(host, "vfio_platform") == ModuleState::missing)
        return unknown("there is no vfio_platform to ask");
    const auto value = parameter(host, "vfio_platform", "reset_required");
    if (value && !truth(*value))
        return ok("vfio_platform takes devices without a reset driver");
    return fail("vfio_platform refuses every device without a reset driver, which are all of this "
                "SoC's",
                set_parameter("vfio_platform", "reset_required", "0"));
}

namespace
{

/// Devices without DMA that were given away, but have no stream id that would make them a group.
std::vector<std::string> given_without_group(const HostView& host)
{
    std::vector<std::string> names;
    for (const plan::Instance& instance : host.catalogue->instances())
    {
        const auto node = instance.dma() ? std::nullopt : node_of_device(host, instance.sysname);
        if (node && node->compatible_with(given_away) && !node->has("iommus"))
            names.push_back(instance.name);
    }
    return names;
}

} // namespace

Finding check_noiommu(const HostView& host)
{
    const auto value = parameter(host, "vfio", "enable_unsafe_noiommu_mode");
    if (value && truth(*value))
        return ok("devices without an IOMMU group can be given to VMs");
    const std::string mend = set_parameter("vfio", "enable_unsafe_noiommu_mode", "1");
    if (!smmu_enabled(host))
        return fail("there is neither an SMMU nor the noiommu mode: no device can be given to a VM",
                    mend);
    if (host.catalogue == nullptr)
        return unknown("the catalogue of the SoC's devices cannot be read");
    const auto without_group = given_without_group(host);
    if (without_group.empty())
        return ok("every device that was given away has a stream id");
    return warn(fmt::format("{} without a stream id: in no IOMMU group, and not to be had by a VM",
                            listed(without_group)),
                mend + "; or give each a spare stream id of its own in the host's device tree, "
                       "iommus = <&smmu 0x7c00>; and dma-coherent;");
}

Finding check_unsafe_interrupts(const HostView& host)
{
    if (!smmu_enabled(host))
        return ok("without an SMMU it does not matter");
    const auto value = parameter(host, "vfio_iommu_type1", "allow_unsafe_interrupts");
    if (value && truth(*value))
        return ok("groups without isolated MSIs are accepted");
    return fail("a GIC-400 has no isolated MSIs, and so every IOMMU group is refused",
                set_parameter("vfio_iommu_type1", "allow_unsafe_interrupts", "1"));
}

} // namespace aliasvm::cli
