// SPDX-License-Identifier: Apache-2.0
// Where RAM lies, what goes where in it, and what devices reach of it.
#include "plan_fixture.hpp"

#include "common/plan/print.hpp"

#include <numeric>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace aliasvm::plan
{

namespace
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t gib = 1 << 30;

std::vector<GuestRange> ranges_of(const VmPlan& plan)
{
    std::vector<GuestRange> ranges;
    for (const Bank& bank : plan.memory)
        ranges.push_back(bank.range);
    return ranges;
}

std::vector<std::uint64_t> offsets_of(const VmPlan& plan)
{
    std::vector<std::uint64_t> offsets;
    for (const Bank& bank : plan.memory)
        offsets.push_back(bank.offset.value_or(~std::uint64_t{0}));
    return offsets;
}

std::vector<std::string> warnings_of(const VmPlan& plan)
{
    std::vector<std::string> lines;
    for (const Problem& warning : plan.warnings)
        lines.push_back(to_string(warning));
    return lines;
}

std::string text(const char* memory, const std::string& more = "")
{
    return fmt::format("memory = \"{}\"\nkernel = \"/g\"\n", memory) + more;
}

const std::string at_identity = "dma = \"identity\"\n";

HostFacts host_of(KernelFacts kernel, std::vector<GuestRange> hugepages = {})
{
    HostFacts facts = good_host();
    facts.kernel = std::move(kernel);
    facts.identity_banks = std::move(hugepages);
    return facts;
}

KernelFacts image(std::uint64_t size, std::uint64_t text_offset = 0)
{
    return analyse_kernel(make_linux_image({text_offset, size, 0xa, 0x1000}));
}

// ---- through an IOMMU ---------------------------------------------------------------------------

TEST(Memory, IsOneBankFrom0UpToWhatTheBoardHasThere)
{
    EXPECT_THAT(ranges_of(good_plan(text("64M"))), ElementsAre(at(0, 64 * mib)));
    EXPECT_THAT(ranges_of(good_plan(text("2G"))), ElementsAre(at(0, 2 * gib)));
    EXPECT_THAT(ranges_of(good_plan(text("4G"))),
                ElementsAre(at(0, 2 * gib), at(0x8'0000'0000, 2 * gib)));
    EXPECT_THAT(ranges_of(good_plan(text("34G"))),
                ElementsAre(at(0, 2 * gib), at(0x8'0000'0000, 32 * gib)));
    for (const Bank& bank : good_plan(text("4G"), host_of(RawImage{4})).memory)
    {
        EXPECT_TRUE(bank.dma);
        EXPECT_FALSE(bank.offset);
    }
}

TEST(Memory, OfTwoBanksHasKernelInitrdAndTreeTogether)
{
    const VmPlan plan = good_plan(text("4G", "initrd = \"/i\"\n"), host_of(image(16 * mib)));
    EXPECT_EQ(plan.kernel.entry, GuestAddr{0});
    EXPECT_EQ(plan.dtb.memory, at(2 * gib - 0x1'0000, 0x1'0000));
    EXPECT_EQ(plan.initrd->memory.last(), GuestAddr{2 * gib - 0x1'0001});
}

TEST(Memory, HasAnImageBesideTheDmaHole)
{
    HostFacts facts = host_of(image(120 * mib));
    facts.dma_holes = {at(0x800'0000, mib)};
    EXPECT_EQ(good_plan(text("512M"), facts).kernel.entry, GuestAddr{0});
    facts.kernel = image(130 * mib, 0x8'0000);
    EXPECT_EQ(good_plan(text("512M"), facts).kernel.entry, GuestAddr{0x820'0000 + 0x8'0000});
}

TEST(Memory, HasNothingElseInTheDmaHole)
{
    HostFacts facts = good_host();
    facts.dma_holes = {at(0x7f0'0000, 2 * mib)};
    const VmPlan plan = good_plan(text("128M", "initrd = \"/i\"\n"), facts);
    EXPECT_LT(plan.dtb.memory.last(), GuestAddr{0x7f0'0000});
    EXPECT_LT(plan.initrd->memory.last(), plan.dtb.memory.base);
}

// ---- at identity --------------------------------------------------------------------------------

TEST(IdentityMemory, IsTheHostsHugepagesSortedAndJoined)
{
    const auto facts = host_of(RawImage{4}, {at(0x3000'0000, 4 * mib), at(0x1000'0000, 2 * mib),
                                             at(0x1020'0000, 2 * mib), at(0x2000'0000, 8 * mib)});
    const VmPlan plan = good_plan(text("16M", at_identity), facts);
    EXPECT_THAT(ranges_of(plan), ElementsAre(at(0x1000'0000, 4 * mib), at(0x2000'0000, 8 * mib),
                                             at(0x3000'0000, 4 * mib)));
    EXPECT_THAT(offsets_of(plan), ElementsAre(4 * mib, 8 * mib, 0));
    EXPECT_FALSE(plan.example_place);
}

TEST(IdentityMemory, IsNotJoinedWhereTheFileDoesNotGoOn)
{
    const auto facts = host_of(RawImage{4}, {at(0x1020'0000, 2 * mib), at(0x1000'0000, 2 * mib)});
    const VmPlan plan = good_plan(text("4M", at_identity), facts);
    EXPECT_THAT(ranges_of(plan), ElementsAre(at(0x1000'0000, 2 * mib), at(0x1020'0000, 2 * mib)));
    EXPECT_THAT(offsets_of(plan), ElementsAre(2 * mib, 0));
}

TEST(IdentityMemory, IsAnExampleAsLongAsNobodyKnows)
{
    const VmPlan plan = good_plan(text("64M", at_identity));
    EXPECT_THAT(ranges_of(plan), ElementsAre(at(0x1000'0000, 64 * mib)));
    EXPECT_TRUE(plan.example_place);
    EXPECT_THAT(plan_text(plan),
                HasSubstr("[hugepages 64M] -> [0x10000000+0x4000000] for example"));
    // Where there is RAM on the board, and above low_memory.
    EXPECT_THAT(ranges_of(good_plan(text("2G", at_identity))),
                ElementsAre(at(0x1000'0000, 0x7000'0000), at(0x8'0000'0000, 0x1000'0000)));
    EXPECT_THAT(ranges_of(good_plan(text("2M", at_identity + "low_memory = \"512M\"\n"))),
                ElementsAre(at(0, 512 * mib), at(0x2000'0000, 2 * mib)));
}

TEST(IdentityMemory, HasLowMemoryThatNoDeviceReaches)
{
    const std::string low = at_identity + "low_memory = \"2M\"\n[alias]\n";
    const auto facts = host_of(analyse_kernel(make_elf()), {at(0x1000'0000, 16 * mib)});
    const VmPlan plan = good_plan(text("16M", low + "gem0 = \"gem1\"\n"), facts);
    EXPECT_FALSE(plan.memory.at(0).dma);
    EXPECT_TRUE(plan.memory.at(1).dma);
    EXPECT_THAT(plan.dma_holes, ElementsAre(at(0, 2 * mib)));
    EXPECT_EQ(plan.kernel.entry, GuestAddr{0});
    EXPECT_EQ(plan.dtb.memory.last(), GuestAddr{0x10ff'ffff}) << "drivers read it";
    EXPECT_EQ(alias_of(plan, "gem0").dma, Dma::identity);
    EXPECT_THAT(good_plan(text("16M", low + "uart0 = \"uart1\"\n"), facts).dma_holes, IsEmpty());
}

TEST(IdentityMemory, HasNoHoleOfAnIommu)
{
    auto facts = host_of(RawImage{4}, {at(0x800'0000, 16 * mib)});
    facts.dma_holes = {at(0x800'0000, mib)};
    const VmPlan plan =
        good_plan(text("16M", at_identity + "alias = { gem0 = \"gem1\" }\n"), facts);
    EXPECT_THAT(plan.dma_holes, IsEmpty());
}

TEST(IdentityMemory, HasAnImageInItsLargestBankWithRoomAtABlock)
{
    const auto facts =
        host_of(image(5 * mib, 0x8'0000), {at(0x1000'0000, 2 * mib), at(0x2000'0000, 6 * mib),
                                           at(0x3000'0000, 8 * mib), at(0x4000'0000, 8 * mib)});
    const VmPlan plan =
        good_plan(text("24M", at_identity + "low_memory = \"64M\"\ninitrd = \"/i\"\n"), facts);
    EXPECT_EQ(plan.kernel.entry, GuestAddr{0x3008'0000}) << "the lower of two";
    EXPECT_EQ(plan.dtb.memory, at(0x307f'0000, 0x1'0000));
    EXPECT_EQ(plan.initrd->memory, at(0x306f'0000, mib));
}

TEST(IdentityMemory, HasWhatDoesNotFitBesideTheKernelInTheLowestBankWithRoom)
{
    auto facts = host_of(image(5 * mib), {at(0x3000'0000, 6 * mib), at(0x1000'0000, 2 * mib),
                                          at(0x2000'0000, 4 * mib)});
    facts.initrd = PlainFile{3 * mib};
    const VmPlan plan = good_plan(text("12M", at_identity + "initrd = \"/i\"\n"), facts);
    EXPECT_EQ(plan.kernel.entry, GuestAddr{0x3000'0000});
    EXPECT_EQ(plan.dtb.memory.last(), GuestAddr{0x305f'ffff});
    EXPECT_EQ(plan.initrd->memory, at(0x2010'0000, 3 * mib));
}

TEST(IdentityMemory, HasARawBinaryAtItsLowestByte)
{
    const auto facts = host_of(RawImage{4}, {at(0x2000'0000, 8 * mib), at(0x1000'0000, 8 * mib)});
    EXPECT_EQ(good_plan(text("16M", at_identity), facts).kernel.entry, GuestAddr{0x1000'0000});
    EXPECT_EQ(good_plan(text("16M", at_identity + "low_memory = \"2M\"\n"), facts).kernel.entry,
              GuestAddr{0});
    EXPECT_EQ(
        good_plan(text("16M", at_identity + "kernel_address = 0x2000_1000\n"), facts).kernel.entry,
        GuestAddr{0x2000'1000});
}

// ---- GEM ----------------------------------------------------------------------------------------

TEST(AGem, HasAMacAddressThatNeverChanges)
{
    const VmPlan plan = good_plan(text("64M", "[alias]\ngem0 = \"gem3\"\ngem1 = \"\"\n"));
    EXPECT_EQ(mac_text(alias_of(plan, "gem0").ethernet->mac), "02:5a:52:9d:86:30");
    EXPECT_EQ(mac_text(stable_mac(*VmName::from("left"), "gem0", std::nullopt)),
              "02:82:26:5c:29:fc");
    EXPECT_EQ(mac_text(stable_mac(*VmName::from("right"), "gem0", std::nullopt)),
              "02:f3:81:15:81:bf");
    // By RFC 9923's algorithm, written anew in Python, over "left/gem0" and 00 01 02 ... 0f.
    HostId id;
    std::iota(id.begin(), id.end(), std::uint8_t{0});
    EXPECT_EQ(mac_text(stable_mac(*VmName::from("left"), "gem0", id)), "02:aa:ce:9a:b4:dc");
    HostFacts facts = good_host();
    facts.traits.id = id;
    const VmPlan elsewhere = good_plan(text("64M", "[alias]\ngem0 = \"\"\n"), facts);
    EXPECT_NE(alias_of(elsewhere, "gem0").ethernet->mac, alias_of(plan, "gem0").ethernet->mac)
        << "two hosts with one configuration";
    EXPECT_NE(alias_of(plan, "gem0").ethernet->mac, alias_of(plan, "gem1").ethernet->mac);
    EXPECT_FALSE(alias_of(plan, "gem0").ethernet->phy);
    EXPECT_EQ(alias_of(plan, "gem0").dma, Dma::iommu);
    EXPECT_EQ(alias_of(plan, "gem1").dma, Dma::none) << "nobody is there yet";
}

TEST(AGem, HasWhatTheConfigurationSays)
{
    const VmPlan plan = good_plan(
        text("64M", "[alias.gem0]\ninstance = \"gem3\"\nmac = \"02:A1:00:00:00:07\"\nphy = 12\n"));
    const Ethernet& ethernet = *alias_of(plan, "gem0").ethernet;
    EXPECT_EQ(mac_text(ethernet.mac), "02:a1:00:00:00:07");
    EXPECT_EQ(ethernet.phy, 12U);
}

TEST(AMacAddress, IsReadAsItIsWritten)
{
    EXPECT_EQ(mac_text(parse_mac("00:0a:35:FF:fe:01").value()), "00:0a:35:ff:fe:01");
    for (const char* const wrong :
         {"", "00:0a:35:ff:fe", "00:0a:35:ff:fe:01:", "000a35fffe01", "0:00a:35:ff:fe:01",
          "00:0a:35:ff:fe:0g", "00:0a:35:ff:fe:-1", "00 0a 35 ff fe 01", "00:0a:35:ff:fe:1 "})
        EXPECT_FALSE(parse_mac(wrong)) << wrong;
}

// ---- warnings -----------------------------------------------------------------------------------

TEST(AWarning, IsNoProblem)
{
    EXPECT_THAT(warnings_of(good_plan(text("64M", "[alias]\ngem0 = \"gem3\"\n"))), IsEmpty());
    const auto facts = host_of(analyse_kernel(make_elf({{0}, {0x3000'0000}})));
    EXPECT_THAT(
        warnings_of(good_plan(
            text("64M", at_identity + "low_memory = \"2M\"\n[alias.gem0]\ninstance = \"gem3\"\nphy "
                                      "= 12\n"),
            facts)),
        ElementsAre(
            "vm.toml:2:10: kernel /g: [0x30000000+0x100] must be in the host's hugepages, whose "
            "place only the start of the VM tells; if it is linked to run near 0, add low_memory = "
            "\"2M\"",
            "vm.toml:3:7: dma = \"identity\" confines no DMA: the guest can have its devices read "
            "and write all memory of the host; run only a guest that may do that, or enable the "
            "SMMU and write dma = \"iommu\"",
            "vm.toml:7:7: PHY 12 is looked for on the MDIO bus of gem3; on some boards one GEM's "
            "bus serves the PHYs of others, and two drivers then disturb each other; if this PHY "
            "is on another GEM's bus, take the line out for a fixed link"));
}

TEST(AWarning, IsOfWhatADeviceTreeOfOnesOwnCannotSay)
{
    EXPECT_THAT(
        warnings_of(good_plan(text("64M", "dtb = \"/d\"\n[alias.gem0]\ninstance = \"\"\nmac = "
                                          "\"02:00:00:00:00:01\"\nphy = 1\n"))),
        ElementsAre(
            "vm.toml:6:7: mac of alias gem0 is not told to the guest: dtb /d has no enabled "
            "node of it; put a node there, at the alias's address",
            "vm.toml:7:7: PHY 1 is looked for on the MDIO bus of what is put behind gem0; "
            "on some boards one GEM's bus serves the PHYs of others, and two drivers then "
            "disturb each other; if this PHY is on another GEM's bus, take the line out for "
            "a fixed link",
            "vm.toml:7:7: phy of alias gem0 is not told to the guest: dtb /d has no enabled "
            "node of it; put a node there, at the alias's address"));
}

} // namespace

} // namespace aliasvm::plan
