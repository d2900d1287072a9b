// SPDX-License-Identifier: Apache-2.0
// What comes before a machine: catalogue, configuration, plan, the guest's device tree.
#include "common/base/file.hpp"
#include "common/plan/guest_dtb.hpp"
#include "common/plan/make_plan.hpp"

#include <string>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>

namespace
{

using namespace aliasvm;

const std::string text = R"(memory  = "256M"
vcpus   = 2
kernel  = "/boot/Image"
initrd  = "/boot/initrd"
cmdline = "console=ttyPS0"
[alias]
uart0 = "uart1"
uart1 = "console"
ttc0  = ""
)";

const std::vector<std::byte>& blob()
{
    static const std::vector<std::byte> bytes = read_file(ALIASVM_BENCH_CATALOGUE);
    return bytes;
}

plan::Config config()
{
    return plan::parse_config(text, "bench.toml", *VmName::from("bench"));
}

plan::HostFacts facts()
{
    plan::HostFacts host;
    host.kernel = plan::LinuxImage{0x2a0'0000, 0x2c0'0000, 0, true};
    host.initrd = plan::PlainFile{0x12'3456};
    return host;
}

void catalogue(benchmark::State& state)
{
    for (auto _ : state)
        benchmark::DoNotOptimize(plan::Catalogue{blob(), "catalogue"}.instances().size());
}
BENCHMARK(catalogue)->Unit(benchmark::kMicrosecond);

void configuration_and_plan(benchmark::State& state)
{
    const plan::Catalogue known{blob(), "catalogue"};
    const plan::HostFacts host = facts();
    for (auto _ : state)
    {
        const auto made = make_plan(config(), known, host);
        if (!std::holds_alternative<plan::VmPlan>(made))
            state.SkipWithError("there is no plan");
    }
}
BENCHMARK(configuration_and_plan)->Unit(benchmark::kMicrosecond);

void guest_device_tree(benchmark::State& state)
{
    const plan::Catalogue known{blob(), "catalogue"};
    const auto plan = std::get<plan::VmPlan>(make_plan(config(), known, facts()));
    for (auto _ : state)
        benchmark::DoNotOptimize(plan::make_guest_dtb(plan, known).size());
}
BENCHMARK(guest_device_tree)->Unit(benchmark::kMicrosecond);

} // namespace
