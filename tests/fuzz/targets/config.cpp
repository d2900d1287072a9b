// SPDX-License-Identifier: Apache-2.0
// NAME.toml to a plan: a configuration's text; behind a NUL, what is to be known of the host.
#include "common/plan/config.hpp"
#include "tests/fuzz/targets/plan_rules.hpp"
#include "tests/fuzz/targets/target.hpp"
#include "tests/unit/plan/image_builder.hpp"
#include "tests/unit/plan/tree_builder.hpp"

#include <array>
#include <set>
#include <string>

namespace aliasvm::fuzz
{
namespace
{

constexpr std::uint64_t hugepage = 2U << 20U;

plan::KernelFacts kernel_of(Input& input)
{
    switch (input.below(6))
    {
    case 0:
        return plan::MissingFile{static_cast<int>(input.below(40))};
    case 1:
        return plan::ImageFault{"is empty", "copy it again"};
    case 2:
    {
        constexpr std::uint64_t header = 64; // no file is one without
        const plan::LinuxImage head{input.number<std::uint32_t>() + header,
                                    input.number<std::uint64_t>() % (std::uint64_t{1} << 52U),
                                    input.below(512) * page_size};
        return plan::LinuxImage{head.file_size, std::max(head.file_size, head.memory_size),
                                head.text_offset};
    }
    case 3:
        return plan::RawImage{input.number<std::uint32_t>() + std::uint64_t{1}};
    default:
        // As the reader of ELF files says: apart, none wrapping, the entry in one of them.
        std::vector<plan::ElfPart> parts;
        std::uint64_t base = input.number<std::uint32_t>() & ~3U;
        for (unsigned count = input.below(4) + 1; count > 0; --count)
        {
            const std::uint64_t size = input.number<std::uint32_t>() + std::uint64_t{4};
            parts.push_back({base, size, std::min<std::uint64_t>(size, input.below(200))});
            base += size + (std::uint64_t{input.number<std::uint32_t>()} << input.below(16));
        }
        return plan::analyse_kernel(plan::make_elf(parts));
    }
}

plan::FileFacts file_of(Input& input)
{
    switch (input.below(4))
    {
    case 0:
        return plan::MissingFile{static_cast<int>(input.below(40))};
    case 1:
        return plan::ImageFault{"is no device tree blob", "compile it again"};
    default:
        return plan::PlainFile{input.number<std::uint32_t>() + std::uint64_t{1}};
    }
}

/// Of no more bytes than a person could have made by mistake: a plan looks at their number alone.
plan::DtbFacts dtb_of(Input& input)
{
    constexpr std::uint32_t most = 0x30'0000;
    const plan::FileFacts like = file_of(input);
    if (const auto* const file = std::get_if<plan::PlainFile>(&like))
        return plan::DtbFile{plan::make_tree(file->size % most)};
    if (const auto* const missing = std::get_if<plan::MissingFile>(&like))
        return *missing;
    return std::get<plan::ImageFault>(like);
}

/// Whole hugepages, apart, as much as the configuration asks for, in any order of addresses.
std::vector<GuestRange> banks_of(Input& input, std::uint64_t bytes)
{
    std::vector<GuestRange> banks;
    std::uint64_t base = (input.number<std::uint8_t>() + std::uint64_t{1}) * hugepage;
    for (unsigned count = input.below(4); bytes != 0; --count)
    {
        const std::uint64_t pages = bytes / hugepage;
        const std::uint64_t size =
            count == 0 ? bytes : (input.number<std::uint16_t>() % pages + 1) * hugepage;
        const GuestRange bank{GuestAddr{base}, size};
        banks.insert(input.below(2) == 0 ? banks.begin() : banks.end(), bank);
        base += size + input.number<std::uint16_t>() * hugepage;
        bytes -= size;
        if (count == 0)
            break;
    }
    return banks;
}

plan::HostFacts facts_of(Input& input, const plan::Config& config)
{
    constexpr std::array<unsigned, 4> ipa_bits{40, 32, 36, 64};
    constexpr std::array<std::uint64_t, 3> page_sizes{0x1000, 0x4000, 0x1'0000};
    plan::HostFacts facts;
    if (input.empty())
    {
        facts.kernel = plan::analyse_kernel(plan::make_elf());
        facts.initrd = plan::PlainFile{0x10'0000};
        facts.dtb = plan::DtbFile{plan::make_tree(0x1000)};
        return facts;
    }
    facts.cpu.ipa_bits = ipa_bits.at(input.below(ipa_bits.size()));
    facts.host_page_size = page_sizes.at(input.below(page_sizes.size()));
    facts.kernel = kernel_of(input);
    facts.initrd = file_of(input);
    facts.dtb = dtb_of(input);
    std::uint64_t base = 0;
    for (unsigned count = input.below(4); count > 0; --count)
    {
        base += input.number<std::uint16_t>() * page_size;
        const std::uint64_t size = (input.number<std::uint16_t>() + std::uint64_t{1}) * page_size;
        facts.dma_holes.push_back({GuestAddr{base}, size});
        base += size + page_size;
    }
    const std::uint64_t memory = config.memory ? config.memory->value : 0;
    if (memory != 0 && memory % hugepage == 0 && memory <= std::uint64_t{1} << 36U)
        facts.identity_banks = banks_of(input, memory);
    facts.clock_rates[input.below(200)] = input.number<std::uint32_t>();
    return facts;
}

void check_config(const plan::Config& config, std::string_view text)
{
    require(config.readable || config.problems.size() == 1, "a syntax error is the only problem");
    Problems sorted = config.problems;
    sort_by_place(sorted);
    require_told(sorted, "vm.toml", text);
    require(!config.memory || config.memory->value > 0, "there is memory");
    require(config.vcpus.value >= 1 && config.vcpus.value <= 8, "a GICv2 serves 1 to 8");
    require(config.dma.value != Dma::none, "bus masters reach something");
    require(!config.low_memory || config.dma.value == Dma::identity || !config.problems.empty(),
            "low_memory is for identity");
    require(config.stop_timeout.value.count() >= 0 && config.stop_timeout.value.count() <= 3600,
            "an hour is the longest stop");
    require(config.cmdline.value.size() <= 2047 &&
                config.cmdline.value.find('\0') == std::string::npos,
            "Linux takes the command line");
    for (const auto* path : {&config.kernel, &config.initrd, &config.dtb})
        require(!*path || ((*path)->value.starts_with('/') &&
                           (*path)->value.find('\0') == std::string::npos),
                "paths are absolute");
    std::set<std::string> names;
    for (const plan::AliasConfig& alias : config.aliases)
    {
        require(names.insert(alias.name.value).second, "names of aliases are distinct");
        require(!alias.phy || alias.phy->value <= 31, "MDIO has five bits");
        require(!alias.mac || !alias.mac->value.multicast(), "a MAC address is one interface's");
    }
}

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    fuzz::Input input{fuzz::as_text(data, size)};
    const std::string_view text = input.up_to(std::string_view{"\0", 1});
    const plan::Config config = plan::parse_config(text, "vm.toml", *VmName::from("vm"));
    fuzz::check_config(config, text);
    fuzz::plan_soundly(config, fuzz::zynqmp(), fuzz::facts_of(input, config), text);
    return 0;
}
