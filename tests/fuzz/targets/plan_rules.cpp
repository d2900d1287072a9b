// SPDX-License-Identifier: Apache-2.0
// Everything is compared with everything, with sums of 128 bits: slow, plain, and unlike the
// planner.
#include "tests/fuzz/targets/plan_rules.hpp"

#include "common/base/file.hpp"
#include "common/fdt/reader.hpp"
#include "common/plan/guest_dtb.hpp"
#include "common/plan/make_plan.hpp"
#include "common/plan/print.hpp"
#include "tests/fuzz/targets/target.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include <libfdt.h>

namespace aliasvm::fuzz
{

using plan::AliasPlan;
using plan::Bank;
using plan::VmPlan;

namespace
{

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t two_mib = 2U << 20U;

Wide end_of(const GuestRange& range)
{
    return Wide{range.base.value} + range.size;
}

bool touch(const GuestRange& a, const GuestRange& b)
{
    return a.size != 0 && b.size != 0 && a.base.value < end_of(b) && b.base.value < end_of(a);
}

bool inside(const GuestRange& inner, const GuestRange& outer)
{
    return inner.base.value >= outer.base.value && end_of(inner) <= end_of(outer);
}

bool in_ram(const VmPlan& plan, const GuestRange& range)
{
    return std::ranges::any_of(plan.memory,
                               [&](const Bank& bank) { return inside(range, bank.range); });
}

void require_apart(const std::vector<GuestRange>& ranges, const char* property)
{
    for (std::size_t second = 0; second < ranges.size(); ++second)
        for (std::size_t first = 0; first < second; ++first)
            require(!touch(ranges[first], ranges[second]), property);
}

void check_memory(const VmPlan& plan, const plan::Config& config)
{
    require(!plan.memory.empty(), "a plan has RAM");
    Wide end = 0;
    Wide sum = 0;
    for (const Bank& bank : plan.memory)
    {
        require(bank.range.size != 0, "no bank is empty");
        require(bank.range.base.value >= end, "banks are ascending and apart");
        require(page_aligned(bank.range.base.value) && page_aligned(bank.range.size),
                "banks are whole pages");
        end = end_of(bank.range);
        sum += bank.range.size;
    }
    const Wide low = config.low_memory ? config.low_memory->value : 0;
    require(sum == Wide{config.memory->value} + low, "RAM is as much as was asked for");
    for (const GuestRange& hole : plan.dma_holes)
        require(in_ram(plan, hole), "a hole for DMA is in RAM");
}

void check_images(const VmPlan& plan, const plan::HostFacts& facts)
{
    const auto& segments = plan.kernel.segments;
    std::vector<GuestRange> placed{plan.dtb.memory};
    if (plan.initrd)
        placed.push_back(plan.initrd->memory);
    for (const GuestRange& range : placed)
    {
        require(range.size != 0 && in_ram(plan, range), "what is placed is in RAM");
        for (const GuestRange& hole : plan.dma_holes)
            require(!touch(range, hole), "nothing is placed where no device reaches");
    }
    require(plan.dtb.memory.base.value % 8 == 0, "the device tree is 8-byte aligned");
    require(plan.dtb.memory.base.value / two_mib == (end_of(plan.dtb.memory) - 1) / two_mib,
            "the device tree crosses no 2 MiB boundary");
    bool entered = false;
    for (const plan::Segment& segment : segments)
    {
        require(segment.file_size <= segment.memory.size, "a segment holds its bytes of the file");
        require(in_ram(plan, segment.memory) || (plan.example_place && !plan.warnings.empty()),
                "a segment is in RAM, or a warning says what it takes");
        entered |= inside({plan.kernel.entry, 1}, segment.memory);
        placed.push_back(segment.memory);
    }
    require(!segments.empty() && plan.kernel.entry.value % 4 == 0, "there is a first instruction");
    require(entered, "the entry is in a segment");
    require_apart(placed, "segments, initrd and device tree are apart");
    if (const auto* image = std::get_if<plan::LinuxImage>(&facts.kernel))
        require((plan.kernel.entry.value - image->text_offset) % two_mib == 0,
                "an Image is at its offset from a 2 MiB boundary");
}

void check_address_space(const VmPlan& plan, const plan::HostFacts& facts)
{
    std::vector<GuestRange> all{plan.gic_distributor, plan.gic_cpu_interface};
    for (const AliasPlan& alias : plan.aliases)
    {
        require(page_aligned(alias.windows.front().guest.base.value), "an alias begins at a page");
        for (const plan::Window& window : alias.windows)
            all.push_back(window.guest);
    }
    for (const Bank& bank : plan.memory)
        if (!bank.offset || !plan.example_place)
            all.push_back(bank.range);
    require_apart(all, "windows, RAM and GIC are apart");
    for (const GuestRange& range : all)
        require(facts.cpu.ipa_bits >= 64 || end_of(range) <= Wide{1} << facts.cpu.ipa_bits,
                "all is within the guest's addresses");
}

void check_alias(const AliasPlan& alias, const plan::Catalogue& catalogue)
{
    require(!alias.windows.empty(), "an alias has a window");
    const bool passed_through = alias.backing == plan::Backing::instance;
    require(passed_through == !alias.instance.empty(), "an instance stands behind, or none");
    const plan::Instance* const instance = catalogue.find(alias.instance);
    require(!passed_through || instance != nullptr, "the instance is the catalogue's");
    for (std::size_t index = 0; index < alias.windows.size(); ++index)
    {
        const plan::Window& window = alias.windows[index];
        require(window.host.has_value() == passed_through, "only instances have host windows");
        if (passed_through)
            require(*window.host == instance->windows.at(index) &&
                        window.host->size == window.guest.size,
                    "a window is the instance's, and as large");
    }
    for (std::size_t index = 0; index < alias.lines.size(); ++index)
    {
        require(alias.lines[index].host.has_value() == passed_through,
                "only instances have host lines");
        if (passed_through)
            require(*alias.lines[index].host == instance->lines.at(index).spi,
                    "a line is the instance's");
    }
}

void check_aliases(const VmPlan& plan, const plan::Catalogue& catalogue)
{
    std::set<std::string> names;
    std::set<std::string> instances;
    std::set<Spi> spis;
    std::set<plan::MacAddress> macs;
    for (const AliasPlan& alias : plan.aliases)
    {
        check_alias(alias, catalogue);
        require(names.insert(alias.name).second, "an alias is planned once");
        require(alias.instance.empty() || instances.insert(alias.instance).second,
                "an instance stands behind one alias");
        for (const plan::Line& line : alias.lines)
            require(spis.insert(line.guest).second, "an SPI is one line's");
        if (alias.ethernet)
            require(macs.insert(alias.ethernet->mac).second && !alias.ethernet->mac.multicast(),
                    "a MAC address is one interface's");
    }
}

/// By libfdt's own look-up.
std::string text_at(const void* tree, const char* path, const char* property)
{
    int size = 0;
    const void* const value = fdt_getprop(tree, fdt_path_offset(tree, path), property, &size);
    return value == nullptr
               ? ""
               : std::string{static_cast<const char*>(value), static_cast<std::size_t>(size)};
}

/// Whatever the file is, the guest gets a tree of this machine.
void check_own_tree(const VmPlan& plan, const plan::Catalogue& catalogue,
                    const plan::HostFacts& facts)
{
    if (!plan.dtb.file)
        return;
    const auto blob = plan::guest_dtb(plan, catalogue, facts);
    require(blob.size() <= plan.dtb.memory.size, "a tree has room");
    require(fdt_check_full(blob.data(), blob.size()) == 0, "what a guest gets is a tree");
    require(blob == plan::guest_dtb(plan, catalogue, facts), "and the same each time");
    if (plan.initrd)
        require(text_at(blob.data(), "/chosen", "linux,initrd-start").size() == 8,
                "an initrd is told");
    if (!plan.cmdline.empty())
        require(text_at(blob.data(), "/chosen", "bootargs") == plan.cmdline + '\0',
                "a command line is told");

    const fdt::Tree tree{blob, "made"};
    std::uint64_t ram = 0;
    unsigned cpus = 0;
    for (const fdt::Node& node : tree.root().children())
    {
        if (node.stem() == "memory")
            for (const fdt::Reg& reg : node.reg())
                ram += reg.size;
        if (node.stem() == "cpus")
            for (const fdt::Node& cpu : node.children())
                cpus += cpu.has("enable-method") ? 1 : 0; // whatever the file calls it
    }
    std::uint64_t banks = 0;
    for (const Bank& bank : plan.memory)
        banks += bank.range.size;
    require(ram == banks, "RAM is told as it is");
    require(cpus >= plan.vcpus, "each vCPU is told");
    for (const fdt::Reg& reg : tree.reservations())
        require(in_ram(plan, {GuestAddr{reg.address}, reg.size}), "what is reserved is RAM");
}

std::string words_of(const Problems& problems)
{
    std::string all;
    for (const Problem& problem : problems)
        all += to_string(problem) + "\n";
    return all;
}

std::string words_of(const std::variant<VmPlan, Problems>& result)
{
    if (const auto* problems = std::get_if<Problems>(&result))
        return words_of(*problems);
    const auto& plan = std::get<VmPlan>(result);
    return plan_text(plan) + bindings_text(plan.aliases) + "\n" + words_of(plan.warnings);
}

} // namespace

const plan::Catalogue& zynqmp()
{
    static const plan::Catalogue catalogue = []
    {
        const char* const file = std::getenv("ALIASVM_TEST_CATALOGUE");
        require(file != nullptr, "ALIASVM_TEST_CATALOGUE names the catalogue");
        return plan::Catalogue{read_file(file), file};
    }();
    return catalogue;
}

void require_sound(const VmPlan& plan, const plan::Config& config, const plan::Catalogue& catalogue,
                   const plan::HostFacts& facts)
{
    check_memory(plan, config);
    check_images(plan, facts);
    check_aliases(plan, catalogue);
    check_address_space(plan, facts);
    check_own_tree(plan, catalogue, facts);
    require(plan.vcpus == config.vcpus.value && plan.cmdline == config.cmdline.value,
            "a plan has what the configuration says");
    require(plan_text(plan).ends_with('\n'), "a plan prints");
}

void require_told(const Problems& problems, const std::string& file, std::string_view text)
{
    const auto lines = static_cast<std::uint64_t>(std::ranges::count(text, '\n')) + 1;
    std::pair<std::uint32_t, std::uint32_t> last{};
    for (const Problem& problem : problems)
    {
        const std::pair place{problem.at.line, problem.at.column};
        require(problem.at.file == file, "a problem names the file");
        require(!problem.what.empty() && !problem.mend.empty(), "a problem says what and its mend");
        require(problem.at.line <= lines, "a problem is at a line of the text");
        require(place >= last, "problems come in the order of the text");
        last = place;
    }
}

std::string plan_soundly(const plan::Config& config, const plan::Catalogue& catalogue,
                         const plan::HostFacts& facts, std::string_view text)
{
    const auto result = make_plan(config, catalogue, facts);
    std::string words = words_of(result);
    if (const auto* plan = std::get_if<VmPlan>(&result))
    {
        require(config.problems.empty(), "a text with problems makes no plan");
        require_sound(*plan, config, catalogue, facts);
        require_told(plan->warnings, config.file, text);
    }
    else
    {
        const auto& problems = std::get<Problems>(result);
        require(!problems.empty(), "what is refused has a reason");
        require(problems.size() >= config.problems.size(), "the text's problems are among them");
        require_told(problems, config.file, text);
    }
    require(words == words_of(make_plan(config, catalogue, facts)), "planning again says the same");
    return words;
}

} // namespace aliasvm::fuzz
