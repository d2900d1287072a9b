// SPDX-License-Identifier: Apache-2.0
// Bindings cpus.yaml, psci.yaml, arch_timer.yaml, pmu.yaml.
#include "common/plan/own_cpus.hpp"

#include "common/plan/machine_nodes.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

bool is_cpu(const fdt::Draft& node)
{
    return node.stem() == "cpu" || node.strings("device_type") == std::vector<std::string>{"cpu"};
}

/// Affinity as `reg` says it. Nothing if it is beyond a number of 32 bits.
std::optional<std::uint32_t> affinity(const fdt::Draft& cpu)
{
    const std::vector<std::uint32_t> reg = cpu.cells("reg");
    if (reg.size() == 1 || (reg.size() == 2 && reg[0] == 0))
        return reg.back();
    return std::nullopt;
}

void settle_cpu(fdt::Draft& cpu)
{
    cpu.set_strings("device_type", {"cpu"});
    cpu.set_strings("enable-method", {cpu_enable_method});
    for (const char* const not_here :
         {"status", "cpu-release-addr", "cpu-idle-states", "operating-points-v2", "clocks",
          "clock-names", "power-domains", "power-domain-names", "cpu-supply"})
        cpu.remove(not_here);
}

void settle_all_cpus(std::uint32_t vcpus, fdt::Draft& root)
{
    fdt::Draft& cpus = root.child("cpus");
    std::uint32_t cells = cpus.cell("#address-cells", 0);
    if (cells != 1 && cells != 2)
        cells = 1;
    cpus.set_cells("#address-cells", {cells});
    cpus.set_cells("#size-cells", {0});

    // Removed, not disabled: a disabled CPU is one that waits to be started.
    std::set<std::uint32_t> seen;
    const auto unwanted = [&](const fdt::Draft& node)
    {
        if (!is_cpu(node))
            return node.stem() == "cpu-map"; // it may name them
        const auto number = affinity(node);
        return !number || *number >= vcpus || node.cells("reg").size() != cells ||
               !seen.insert(*number).second;
    };
    cpus.children().remove_if(unwanted);
    for (fdt::Draft& node : cpus.children())
    {
        if (is_cpu(node))
            settle_cpu(node);
    }
    for (std::uint32_t number = 0; number < vcpus; ++number)
    {
        if (seen.contains(number))
            continue;
        fdt::Draft& cpu = cpus.add(fmt::format("cpu@{:x}", number));
        cpu.set_strings("compatible", {cpu_compatible});
        settle_cpu(cpu);
        std::vector<std::uint32_t> reg(cells);
        reg.back() = number;
        cpu.set_cells("reg", reg);
    }
}

bool is_psci(const fdt::Draft& node)
{
    return std::ranges::any_of(node.strings("compatible"),
                               [](const std::string& one) { return one.starts_with("arm,psci"); });
}

/// Below the root, or below /firmware; a new one if there is none.
fdt::Draft& psci_of(fdt::Draft& root)
{
    for (fdt::Draft* const parent : {&root, root.find("firmware")})
    {
        if (parent == nullptr)
            continue;
        const auto found = std::ranges::find_if(parent->children(), is_psci);
        if (found != parent->children().end())
            return *found;
    }
    return root.add("psci");
}

void settle_psci(fdt::Draft& psci)
{
    psci.set_strings("compatible", psci_compatible);
    psci.set_strings("method", {psci_method});
    // Numbers of calls, which were no standard before 0.2.
    for (const char* const not_here : {"status", "cpu_suspend", "cpu_off", "cpu_on", "migrate"})
        psci.remove(not_here);
}

void settle_timer(std::uint32_t vcpus, fdt::Draft& timer)
{
    timer.set_cells("interrupts", timer_interrupts(vcpus));
    timer.set("always-on");
    // CNTFRQ_EL0 says the truth.
    for (const char* const not_here : {"interrupts-extended", "interrupt-names", "clock-frequency"})
        timer.remove(not_here);
}

bool is_pmu(const fdt::Draft& node)
{
    return std::ranges::any_of(
        node.strings("compatible"), [](const std::string& one)
        { return one.starts_with("arm,") && (one.ends_with("-pmu") || one.ends_with("-pmuv3")); });
}

void settle_pmu(std::uint32_t vcpus, fdt::Draft& pmu)
{
    pmu.set_strings("compatible", {pmu_compatible});
    pmu.set_cells("interrupts", pmu_interrupts(vcpus));
    for (const char* const not_here : {"interrupts-extended", "interrupt-affinity"})
        pmu.remove(not_here);
}

} // namespace

void settle_cpus(std::uint32_t vcpus, bool has_pmu, fdt::Draft& root,
                 std::vector<std::string>& absent)
{
    settle_all_cpus(vcpus, root);
    settle_psci(psci_of(root));
    for (fdt::Draft& node : root.children())
    {
        if (node.is("arm,armv8-timer") || node.is("arm,armv7-timer"))
            settle_timer(vcpus, node);
        else if (!node.available() || !is_pmu(node))
            continue;
        else if (has_pmu)
            settle_pmu(vcpus, node);
        else
        {
            node.set_strings("status", {"disabled"});
            absent.push_back(node.name());
        }
    }
}

} // namespace aliasvm::plan
