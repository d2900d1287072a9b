// SPDX-License-Identifier: Apache-2.0
// What the host's device tree says of SMMU, GIC, PMU and clocks.
#include "cli/doctor/checks.hpp"
#include "cli/doctor/device_tree.hpp"
#include "common/facts/assumed_cpu.hpp"
#include "common/plan/warnings.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

constexpr const char* no_tree = "this host has no device tree";

std::optional<TreeNode> find_smmu(const HostView& host)
{
    return find_compatible(host, {"arm,mmu-500"});
}

} // namespace

Finding check_smmu(const HostView& host)
{
    if (!has_device_tree(host))
        return unknown(no_tree);
    const auto smmu = find_smmu(host);
    constexpr const char* refused =
        "devices with DMA (GEM, SDHCI, GDMA, ADMA) cannot be given to VMs";
    if (!smmu)
        return warn(fmt::format("the device tree has no SMMU: {}", refused),
                    "take the node smmu@fd800000 over from zynqmp.dtsi if the hardware has it");
    if (!smmu->enabled())
        return warn(fmt::format("{} is disabled: {}", smmu->name(), refused),
                    "write &smmu { status = \"okay\"; }; in the host's device tree, and iommus = "
                    "<&smmu ID>; for every bus master that the host keeps");
    if (host.names("sys/class/iommu").empty())
        return fail(fmt::format("{} has no driver", smmu->name()),
                    "build the kernel with CONFIG_ARM_SMMU=y");
    return ok(fmt::format("{} is at work", smmu->name()));
}

Finding check_coherency(const HostView& host)
{
    const auto smmu = find_smmu(host);
    if (!smmu || !smmu->enabled())
        return ok("without an SMMU it does not matter");
    if (host.catalogue == nullptr)
        return unknown("the catalogue of the SoC's devices cannot be read");
    std::vector<std::string> incoherent;
    std::vector<std::string> without_stream;
    for (const plan::Instance& instance : host.catalogue->instances())
    {
        const auto node = node_of_device(host, instance.sysname);
        if (!node)
            continue;
        if (!node->has("iommus"))
        {
            if (instance.dma())
                without_stream.push_back(instance.name);
        }
        // The host's own masters need not be: no one asks VFIO for them.
        else if (node->compatible_with(given_away) && !node->has("dma-coherent") &&
                 !smmu->has("dma-coherent"))
            incoherent.push_back(instance.name);
    }
    if (!incoherent.empty())
        return warn(fmt::format("VFIO refuses {}: not dma-coherent", listed(incoherent)),
                    "write dma-coherent; into the node of each that a VM shall have, not into the "
                    "SMMU's, in the host's device tree");
    if (!without_stream.empty())
        return warn(
            fmt::format("{} have no stream id: the SMMU stops their DMA, or does not see it",
                        listed(without_stream)),
            "write iommus = <&smmu ID>; into their nodes in the host's device tree, ID as in "
            "zynqmp.dtsi");
    return ok("every bus master that there is can be taken");
}

Finding check_gicv(const HostView& host)
{
    if (!has_device_tree(host))
        return unknown(no_tree);
    const auto gic = find_compatible(host, {"arm,gic-400"});
    if (!gic)
        return ok("the interrupt controller is no GIC-400");
    const auto reg = gic->reg();
    if (reg.size() < 4)
        return unknown(fmt::format("{} has no GICV", gic->name()));
    // Each frame of 4 KiB repeats 16 times within its 64 KiB: the page after the first is the first
    // once more. The last of the repeats is followed by the second frame.
    const TreeNode::Reg gicv = reg[3];
    constexpr std::uint64_t repeated = 0x10000;
    if (gicv.size < 2 * repeated || gicv.address % repeated != 0)
        return ok(fmt::format("GICV at 0x{:x} is two frames that follow each other", gicv.address));
    return warn(fmt::format("GICV at 0x{:x} repeats its first frame: guests that write GICC_DIR "
                            "(EOImode 1) go wrong",
                            gicv.address),
                fmt::format("write <0x{:x} 0x{:x} 0x0 0x2000> as the fourth entry of reg of {} in "
                            "the host's device tree",
                            (gicv.address + repeated - page_size) >> 32,
                            (gicv.address + repeated - page_size) & 0xffff'ffff, gic->name()));
}

Finding check_pmu(const HostView& host)
{
    if (facts::has_armv8_pmu(host.at("sys/bus/event_source/devices")))
        return ok("the kernel drives the CPUs' PMU, and KVM gives guests one");
    if (!has_device_tree(host))
        return unknown(no_tree);
    constexpr const char* without =
        "guests have no PMU, and programs with AMD's BSP end at their start (PMCR_EL0)";
    const auto pmu = find_compatible(host, {"arm,cortex-a53-pmu", "arm,armv8-pmuv3"});
    if (!pmu)
        return warn(fmt::format("the device tree has no pmu node: {}", without),
                    plan::host_pmu_node);
    if (!pmu->enabled())
        return warn(fmt::format("{} is disabled: {}", pmu->name(), without),
                    fmt::format("take status out of {} in the host's device tree", pmu->name()));
    return warn(fmt::format("{} has no driver: {}", pmu->name(), without),
                "build the kernel with CONFIG_PERF_EVENTS=y and CONFIG_ARM_PMU=y");
}

Finding check_clocks(const HostView& host)
{
    const auto command_line = host.text("proc/cmdline");
    if (!command_line)
        return unknown("/proc/cmdline cannot be read");
    if (std::ranges::count(words_of(*command_line), "clk_ignore_unused") != 0)
        return ok("clk_ignore_unused: clocks of given-away devices stay on");
    if (has_device_tree(host) &&
        !find_compatible(host, {"xlnx,zynqmp-clk", "xlnx,zynqmp-clkc", "xlnx,versal-clk"}))
        return ok("there is no clock controller that could stop a clock");
    return warn(
        "the kernel stops clocks that no driver of its own uses, those of given-away devices "
        "among them",
        "add clk_ignore_unused to the kernel command line");
}

} // namespace aliasvm::cli
