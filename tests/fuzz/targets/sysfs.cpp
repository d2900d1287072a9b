// SPDX-License-Identifier: Apache-2.0
// Small files of the host's sysfs with anything in them, separated by NUL.
#include "common/facts/dma_holes.hpp"
#include "daemon/host/host_clocks.hpp"
#include "daemon/host/irq_counter.hpp"
#include "tests/fuzz/targets/plan_rules.hpp"
#include "tests/fuzz/targets/scratch_folder.hpp"
#include "tests/fuzz/targets/target.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace aliasvm::fuzz
{
namespace
{

namespace fs = std::filesystem;

/// The tree that is read, with two IOMMU groups: a bus master's, and another device's.
class Host
{
public:
    Host()
    {
        const auto& instances = zynqmp().instances();
        const auto master = std::ranges::find_if(instances, &plan::Instance::dma);
        require(master != instances.end(), "the catalogue has a bus master");
        for (const auto& [group, device] :
             {std::pair{"0", master->sysname.c_str()}, std::pair{"1", "fd4a0000.display"}})
            fs::create_directories(sys() / "kernel/iommu_groups" / group / "devices" / device);
        for (const plan::Instance& instance : instances)
        {
            for (const plan::Clock& clock : instance.clocks)
                if (!clock.host_name.empty())
                    clock_ = sys() / "kernel/debug/clk" / clock.host_name;
        }
        fs::create_directories(clock_);
        fs::create_directories(sys() / "kernel/irq/7");
    }

    [[nodiscard]] const fs::path& sys() const { return folder_.path(); }

    void fill(Input& input)
    {
        constexpr std::string_view nul{"\0", 1};
        write(sys() / "kernel/iommu_groups/0/reserved_regions", input.up_to(nul));
        write(sys() / "kernel/iommu_groups/1/reserved_regions", input.up_to(nul));
        write(clock_ / "clk_rate", input.up_to(nul));
        write(sys() / "kernel/irq/7/per_cpu_count", input.up_to(nul));
        write(sys() / "kernel/irq/7/hwirq", input.empty() ? "53\n" : input.up_to(nul));
        write(sys() / "kernel/irq/7/chip_name", input.empty() ? "GICv2\n" : input.up_to(nul));
    }

private:
    static void write(const fs::path& file, std::string_view text)
    {
        std::ofstream{file, std::ios::binary} << text;
    }

    ScratchFolder folder_;
    fs::path clock_;
};

void check_holes(const std::vector<GuestRange>& holes)
{
    const GuestRange* last = nullptr;
    for (const GuestRange& hole : holes)
    {
        require(hole.size != 0 && hole.valid(), "a hole is a range");
        require(page_aligned(hole.base.value) && page_aligned(hole.size), "of whole pages");
        require(last == nullptr || hole.base.value > last->last().value + 1, "apart, ascending");
        last = &hole;
    }
}

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    static fuzz::Host host;
    fuzz::Input input{fuzz::as_text(data, size)};
    host.fill(input);
    const auto holes = facts::dma_holes(fuzz::zynqmp(), host.sys());
    fuzz::check_holes(holes);
    const auto rates = daemon::HostClocks{fuzz::zynqmp(), host.sys()}.rates();
    fuzz::require(std::ranges::none_of(rates, [](const auto& rate) { return rate.second == 0; }),
                  "a clock that is known runs");
    const daemon::IrqCounter counter{host.sys()};
    const Spi spi = *Spi::from_dt_cell(21);
    fuzz::require(counter.count(spi) == counter.count(spi), "a count reads the same again");

    plan::HostFacts facts;
    facts.kernel = plan::RawImage{0x1000};
    facts.dma_holes = holes;
    facts.clock_rates = rates;
    constexpr std::string_view text =
        "memory = \"4G\"\nkernel = \"/k\"\n[alias]\ngem0 = \"gem0\"\n";
    const auto config = plan::parse_config(text, "vm.toml", *VmName::from("vm"));
    fuzz::plan_soundly(config, fuzz::zynqmp(), facts, text);
    return 0;
}
