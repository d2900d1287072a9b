// SPDX-License-Identifier: Apache-2.0
// Configurations to plans and guest device trees, compared with files that people have read.
#include "tests/unit/plan/plan_fixture.hpp"

#include "common/plan/guest_dtb.hpp"
#include "common/plan/print.hpp"

#include <cstdio>
#include <memory>

#include <gtest/gtest.h>

namespace aliasvm::plan
{

namespace
{

/// Made up by the name, so that no file has to exist. The DMA hole is that of a ZynqMP's SMMU; the
/// hugepages come in pieces, as a host that has run for a while has them.
HostFacts facts_for(const Config& config)
{
    HostFacts facts;
    if (config.kernel && config.kernel->value.ends_with("ocm.elf"))
        facts.kernel = analyse_kernel(make_elf({{0xfffc'0000, 0x1'0000, 0x40}, {0, 0x8000, 0}}));
    else if (config.kernel && config.kernel->value.ends_with(".elf"))
        facts.kernel = analyse_kernel(make_elf({{0, 0x8000, 0x40}, {0x10'0000, 0x4000, 0}}));
    else if (config.kernel && config.kernel->value.ends_with("Image"))
        facts.kernel = analyse_kernel(make_linux_image({0, 0x2c0'0000, 0xa, 0x1000}));
    else if (config.kernel && config.kernel->value.ends_with("vmlinuz"))
    {
        facts.kernel = LinuxImage{0x2a0'0000, 0x2c0'0000, 0, true};
        facts.unpacked_size = 0x2a0'0000;
    }
    else
        facts.kernel = analyse_kernel(bytes_of({"raw\0binary", 10}));
    facts.initrd = PlainFile{0x12'3456};
    facts.dtb = DtbFile{make_tree(0x1'2345)};
    facts.traits.id = HostId{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    facts.dma_holes = {{GuestAddr{0x800'0000}, 0x10'0000}};
    facts.cpu.pmu = config.name.str() != "longform"; // a host that has none for guests
    if (config.name.str() == "identity")
        facts.identity_banks = {{GuestAddr{0x3000'0000}, 0x200'0000},
                                {GuestAddr{0x1000'0000}, 0x100'0000},
                                {GuestAddr{0x1800'0000}, 0x100'0000}};
    if (config.name.str() == "gem_phy")
        facts.clock_rates = {{31, 99'990'000},  {107, 124'987'500}, {48, 124'987'500},
                             {52, 124'987'500}, {44, 99'990'000},   {46, 1}};
    return facts;
}

std::string output_of(const std::string& command)
{
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(command.c_str(), "r"), pclose};
    std::string text;
    for (int c = 0; pipe && (c = std::fgetc(pipe.get())) != EOF;)
        text.push_back(static_cast<char>(c));
    return text;
}

/// As source. Any warning of dtc fails the test.
std::string source_of(const std::vector<std::byte>& blob, const std::string& name)
{
    const std::string stem = testing::TempDir() + "aliasvm-golden-" + name;
    {
        std::ofstream file{stem + ".dtb", std::ios::binary};
        file.write(reinterpret_cast<const char*>(blob.data()),
                   static_cast<std::streamsize>(blob.size()));
    }
    const std::string text = output_of(environment("ALIASVM_TEST_DTC") + " -I dtb -O dts -o - " +
                                       stem + ".dtb 2>" + stem + ".warnings");
    EXPECT_EQ(read_text(stem + ".warnings"), "");
    std::remove((stem + ".dtb").c_str());
    std::remove((stem + ".warnings").c_str());
    return text;
}

void compare(const std::string& path, const std::string& made)
{
    if (std::getenv("ALIASVM_UPDATE_GOLDEN") != nullptr)
        std::ofstream{path, std::ios::binary} << made;
    else
        EXPECT_EQ(made, read_text(path)) << path << ": see tests/golden/README.md";
}

class Golden : public testing::TestWithParam<const char*>
{
};

TEST_P(Golden, ConfigurationGivesThePlanAndTheDeviceTree)
{
    const std::string name = GetParam();
    const std::string stem = environment("ALIASVM_TEST_GOLDEN") + "/" + name;
    const Config config =
        parse_config(read_text(stem + ".toml"), name + ".toml", VmName::from(name).value());
    const auto result = make_plan(config, zynqmp(), facts_for(config));
    if (const auto* problems = std::get_if<Problems>(&result))
    {
        for (const Problem& problem : *problems)
            ADD_FAILURE() << to_string(problem);
        return;
    }
    const auto& plan = std::get<VmPlan>(result);
    compare(stem + ".plan", plan_text(plan));

    const auto blob = make_guest_dtb(plan, zynqmp());
    EXPECT_EQ(blob, make_guest_dtb(plan, zynqmp())) << "not the same bytes each time";
    compare(stem + ".dts", source_of(blob, name));
}

INSTANTIATE_TEST_SUITE_P(Files, Golden,
                         testing::Values("left", "right", "linux", "packed", "ocm", "gem",
                                         "gem_64m", "gem_2g", "gem_4g", "gem_phy", "gem_mac",
                                         "identity", "longform", "console", "rtc", "empty", "everything"),
                         [](const auto& parameter) { return std::string{parameter.param}; });

} // namespace

} // namespace aliasvm::plan
