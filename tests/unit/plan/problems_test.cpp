// SPDX-License-Identifier: Apache-2.0
// Every mistake that a configuration can have, and the line that a user gets for it.
#include "plan_fixture.hpp"

#include <cerrno>

#include <gmock/gmock.h>

namespace aliasvm::plan
{

namespace
{

/// The smallest configuration that is right, and more lines after it.
std::string good(const std::string& more = "")
{
    return "memory = \"128M\"\nkernel = \"/g.elf\"\n" + more;
}

struct Mistake
{
    const char* name;
    std::string text;
    const char* problems;

    friend void PrintTo(const Mistake& mistake, std::ostream* stream) { *stream << mistake.name; }
};

class AMistake : public testing::TestWithParam<Mistake>
{
};

TEST_P(AMistake, IsToldWithItsPlaceAndItsMend)
{
    EXPECT_EQ(problems_of(GetParam().text), GetParam().problems);
}

const std::vector<Mistake> text_mistakes{
    {"TomlSyntax", "memory = 128M\n",
     "vm.toml:1:13: Error while parsing decimal integer: expected digit, saw 'M'; mend the TOML: a "
     "line is key = value, texts are in double quotes, each key is given once\n"},
    {"UnknownKey", good("vcpu = 2\n"),
     "vm.toml:3:1: unknown key \"vcpu\"; did you mean \"vcpus\"?\n"},
    {"AliasAtTheTop", good("uart0 = \"uart1\"\n"),
     "vm.toml:3:1: unknown key \"uart0\"; known are: memory, dma, low_memory, ocm, vcpus, "
     "kernel, kernel_address, initrd, cmdline, dtb, stop_timeout, alias; an alias such as uart0 "
     "goes below [alias]\n"},
    {"KeyBelowAlias", good("[alias]\nvcpus = 2\n"),
     "vm.toml:4:1: vcpus stands below [alias]; move it to the top of the file, above all tables\n"},
    {"NoVcpu", good("vcpus = 0\n"),
     "vm.toml:3:9: vcpus is 0, but a GICv2 serves 1 to 8; write vcpus = 1 or up to 8, without "
     "quotes\n"},
    {"NineVcpus", good("vcpus = 9\n"),
     "vm.toml:3:9: vcpus is 9, but a GICv2 serves 1 to 8; write vcpus = 1 or up to 8, without "
     "quotes\n"},
    {"VcpusAsText", good("vcpus = \"2\"\n"),
     "vm.toml:3:9: vcpus is a text, not an integer; write vcpus = 1 or up to 8, without quotes\n"},
    {"MemoryUnit", "memory = \"128MB\"\nkernel = \"/g.elf\"\n",
     "vm.toml:1:10: memory \"128MB\" is not a size; write memory = \"128M\" (K, M and G are powers "
     "of 1024) or a number of bytes\n"},
    {"MemoryOfOddSize", "memory = 1000001\nkernel = \"/g.elf\"\n",
     "vm.toml:1:10: memory is 1000001 bytes, no multiple of the page size 4096; write memory = "
     "\"976K\"\n"},
    {"NothingAtAll", "",
     "vm.toml: there is no memory; add a line such as memory = \"128M\"\n"
     "vm.toml: there is no kernel; add a line such as kernel = \"/path/of/guest.elf\"\n"},
    {"RelativePath", "memory = \"128M\"\nkernel = \"g.elf\"\n",
     "vm.toml:2:10: kernel \"g.elf\" is not an absolute path; write the absolute path of the file "
     "in double quotes, kernel = \"/…\"\n"},
    {"LongStop", good("stop_timeout = 4000\n"),
     "vm.toml:3:16: stop_timeout 4000 is not within 0 and 3600; write whole seconds, stop_timeout "
     "= "
     "5\n"},
};

const std::vector<Mistake> alias_mistakes{
    {"UnknownAlias", good("[alias]\nuart7 = \"uart1\"\n"),
     "vm.toml:4:1: unknown alias \"uart7\"; did you mean \"uart0\"? If not, write a table "
     "[alias.uart7] with instance, address and spis\n"},
    {"UnknownInstance", good("[alias]\nuart0 = \"urat1\"\n"),
     "vm.toml:4:9: unknown instance \"urat1\" for alias uart0; did you mean \"uart1\"?\n"},
    {"InstanceOfSysfs", good("[alias]\nuart0 = \"ff010000.serial\"\n"),
     "vm.toml:4:9: unknown instance \"ff010000.serial\" for alias uart0; ff010000.serial is "
     "\"uart1\" here\n"},
    {"FarInstance", good("[alias]\nttc0 = \"stopwatch\"\n"),
     "vm.toml:4:8: unknown instance \"stopwatch\" for alias ttc0; known are: ttc0, ttc1, ttc2, "
     "ttc3; or \"\" for nothing yet\n"},
    {"OtherKind", good("[alias]\nuart0 = \"gem1\"\n"),
     "vm.toml:4:9: alias uart0 is a xlnx,zynqmp-uart, but gem1 is a xlnx,zynqmp-gem; write one of: "
     "uart0, uart1, console\n"},
    {"ConsoleForAGem", good("[alias]\ngem0 = \"console\"\n"),
     "vm.toml:4:8: alias gem0 cannot be \"console\", which is an emulated UART; write one of: "
     "gem0, "
     "gem1, gem2, gem3\n"},
    {"PowerKeyForAUart", good("[alias]\nuart0 = \"power-key\"\n"),
     "vm.toml:4:9: alias uart0 cannot be \"power-key\", which is an emulated GPIO controller; "
     "write "
     "one of: uart0, uart1, console\n"},
    {"ClockForAUart", good("[alias]\nuart0 = \"clock\"\n"),
     "vm.toml:4:9: alias uart0 cannot be \"clock\", which is an emulated real-time clock; write "
     "one "
     "of: uart0, uart1, console\n"},
    {"ClockOfAnotherName",
     good("[alias.watch]\ninstance = \"clock\"\naddress = 0xff0f0000\nspis = [90, 91]\n"),
     "vm.toml:4:12: alias watch cannot be \"clock\", which is an emulated real-time clock; name "
     "the "
     "alias rtc\n"},
    {"TheHostsOwnClock", good("[alias]\nrtc = \"rtc\"\n"),
     "vm.toml:4:7: rtc cannot stand behind alias rtc: it is the host's; write one of: clock\n"},
    {"TheHostsOwnClockForNoKind",
     good("[alias.watch]\ninstance = \"rtc\"\naddress = 0xff0f0000\nspis = [90, 91]\n"),
     "vm.toml:4:12: rtc cannot stand behind alias watch: it is the host's; aliasvm devices --all "
     "lists what can\n"},
    {"AlmostTheClock", good("[alias]\nrtc = \"clok\"\n"),
     "vm.toml:4:7: unknown instance \"clok\" for alias rtc; did you mean \"clock\"?\n"},
    {"AlmostRtc", good("[alias]\nrtcc = \"clock\"\n"),
     "vm.toml:4:1: unknown alias \"rtcc\"; did you mean \"rtc\"? If not, write a table "
     "[alias.rtcc] with instance, address and spis\n"},
    {"InstanceTwice", good("[alias]\nuart0 = \"uart1\"\nuart1 = \"uart1\"\n"),
     "vm.toml:5:9: instance uart1 is given to alias uart0 and to alias uart1; give each instance "
     "to "
     "one alias; write \"\" for nothing yet\n"},
    {"AliasOfWrongType", good("[alias]\nuart0 = 1\n"),
     "vm.toml:4:9: alias uart0 is an integer, not a text; write uart0 = \"uart1\", or a table "
     "[alias.uart0]\n"},
    {"UnknownKeyOfAnAlias", good("[alias.uart0]\ninstance = \"uart1\"\nadress = 0x1000\n"),
     "vm.toml:5:1: unknown key \"adress\" of alias uart0; did you mean \"address\"?\n"},
    {"NoInstance", good("[alias.uart0]\naddress = 0xff000000\n"),
     "vm.toml:3:1: alias uart0 has no instance; add the key instance, or write instance = \"\" for "
     "nothing yet\n"},
    {"OddAddress", good("[alias.uart0]\ninstance = \"uart1\"\naddress = 0xff000800\n"),
     "vm.toml:5:11: address 0xff000800 of alias uart0 is not at a page boundary; write 0xff000000, "
     "or another multiple of 0x1000\n"},
    {"IntidForSpi", good("[alias.uart0]\ninstance = \"uart1\"\nspis = [160]\n"),
     "vm.toml:5:9: SPI 160 is not within 0 and 159; if 160 is the INTID, write 128\n"},
    {"SpiFarOut", good("[alias.uart0]\ninstance = \"uart1\"\nspis = [1021]\n"),
     "vm.toml:5:9: SPI 1021 is not within 0 and 159; write the number as in a device tree: INTID "
     "less 32\n"},
    {"NegativeSpi", good("[alias.uart0]\ninstance = \"uart1\"\nspis = [-1]\n"),
     "vm.toml:5:9: an element of spis is negative; write the SPI numbers as in a device tree, spis "
     "= [21]\n"},
    {"TooFewSpis", good("[alias.ttc0]\ninstance = \"ttc1\"\nspis = [36, 37]\n"),
     "vm.toml:5:9: spis of alias ttc0 has 2 numbers, but ttc0 has 3 interrupt lines; write one for "
     "each line; those of ttc0 are [36, 37, 38]\n"},
    {"SpiTwiceInOneAlias", good("[alias.ttc0]\ninstance = \"ttc1\"\nspis = [36, 37, 36]\n"),
     "vm.toml:5:9: SPI 36 INTID 68 is given twice: to alias ttc0 and to alias ttc0; give each line "
     "an SPI of its own by the key spis\n"},
    {"SpiOfAnotherAlias",
     good("[alias]\nuart0 = \"uart0\"\n[alias.uart1]\ninstance = \"uart1\"\nspis = [21]\n"),
     "vm.toml:7:9: SPI 21 INTID 53 is given twice: to alias uart0 and to alias uart1; give each "
     "line an SPI of its own by the key spis\n"},
    {"OwnNameWithoutAnIdentity",
     good("[alias.com1]\ninstance = \"\"\naddress = 0xa0000000\nspis = "
          "[21]\n"),
     "vm.toml:4:12: unknown alias \"com1\" has no instance to tell what it is; give it an "
     "instance\n"},
};

const std::vector<Mistake> space_mistakes{
    {"TwoAliasesOverlap",
     good("[alias]\nuart0 = \"uart0\"\n[alias.uart1]\ninstance = \"uart1\"\naddress = "
          "0xff000000\n"),
     "vm.toml:7:11: alias uart1 [0xff000000+0x1000] overlaps alias uart0 [0xff000000+0x1000]; give "
     "it another address\n"},
    {"AliasInRam", good("[alias.uart0]\ninstance = \"uart1\"\naddress = 0x1000\n"),
     "vm.toml:5:11: alias uart0 [0x00001000+0x1000] overlaps memory [0x00000000+0x8000000]; give "
     "it an address from 0x08000000 on\n"},
    {"AliasOverTheGic", good("[alias.uart0]\ninstance = \"uart1\"\naddress = 0xf9021000\n"),
     "vm.toml:5:11: alias uart0 [0xf9021000+0x1000] overlaps the GIC CPU interface "
     "[0xf9020000+0x2000]; give it another address\n"},
    {"AliasBeyondTheEnd", good("[alias.uart0]\ninstance = \"uart1\"\naddress = 0x10000000000\n"),
     "vm.toml:5:11: alias uart0 [0x10000000000+0x1000] is beyond the 40 bits of a guest's "
     "addresses; give it an address below 0x10000000000\n"},
    {"AliasInTheSecondBank",
     "memory = \"4G\"\nkernel = \"/g.elf\"\n[alias.uart0]\ninstance = \"uart1\"\naddress = "
     "0x8_0000_0000\n",
     "vm.toml:5:11: alias uart0 [0x800000000+0x1000] overlaps memory [0x800000000+0x80000000]; "
     "give it an address from 0x880000000 on\n"},
    {"MoreRamThanTheSoCDecodes", "memory = \"35G\"\nkernel = \"/g.elf\"\n",
     "vm.toml:1:10: memory is 35G, but the SoC has room for 34G; write memory = \"34G\" or less\n"},
};

const std::vector<Mistake> dma_mistakes{
    {"UnknownDma", good("dma = \"smmu\"\nlow_memory = \"2M\"\n"),
     "vm.toml:3:7: dma is \"smmu\"; write dma = \"iommu\", or \"identity\" where there is no "
     "SMMU\n"},
    {"DmaOfWrongType", good("dma = true\n"),
     "vm.toml:3:7: dma is true or false, not a text; write dma = \"iommu\", or \"identity\" where "
     "there is no SMMU\n"},
    {"LowMemoryBehindAnIommu", good("low_memory = \"2M\"\n"),
     "vm.toml:3:14: low_memory is for dma = \"identity\" only; take the line out: memory begins at "
     "0 without it\n"},
    {"LowMemoryOfNothing", good("dma = \"identity\"\nlow_memory = 0\n"),
     "vm.toml:4:14: low_memory is 0; write more, or take the line out\n"},
    {"LowMemoryOfOddSize", good("dma = \"identity\"\nlow_memory = 5000\n"),
     "vm.toml:4:14: low_memory is 5000 bytes, no multiple of the page size 4096; write low_memory "
     "= "
     "\"4K\"\n"},
    {"LowMemoryIntoTheDevices", good("dma = \"identity\"\nlow_memory = \"3G\"\n"),
     "vm.toml:4:14: low_memory is 3G, but the SoC has room for 2G; write low_memory = \"2G\" or "
     "less\n"},
    {"HalfAHugepage", "memory = \"3M\"\nkernel = \"/g.elf\"\ndma = \"identity\"\n",
     "vm.toml:1:10: memory is 3145728 bytes, no multiple of the 2 MiB of a hugepage; write memory "
     "= \"2M\"\n"},
    {"AliasInLowMemory",
     good("dma = \"identity\"\nlow_memory = \"2M\"\n[alias.uart0]\ninstance = "
          "\"uart1\"\naddress = 0x1000\n"),
     "vm.toml:7:11: alias uart0 [0x00001000+0x1000] overlaps low_memory [0x00000000+0x200000]; "
     "give "
     "it an address from 0x00200000 on\n"},
    {"MacThatIsNone", good("[alias.gem0]\ninstance = \"gem1\"\nmac = \"02-00-00-00-00-01\"\n"),
     "vm.toml:5:7: mac \"02-00-00-00-00-01\" is no MAC address; write six octets of one interface, "
     "mac = \"02:00:00:00:00:01\"\n"},
    {"MacOfAGroup", good("[alias.gem0]\ninstance = \"gem1\"\nmac = \"01:00:5e:00:00:01\"\n"),
     "vm.toml:5:7: mac \"01:00:5e:00:00:01\" is the address of a group, as its first octet is odd; "
     "write six octets of one interface, mac = \"02:00:00:00:00:01\"\n"},
    {"MacOfNobody", good("[alias.gem0]\ninstance = \"gem1\"\nmac = \"00:00:00:00:00:00\"\n"),
     "vm.toml:5:7: mac \"00:00:00:00:00:00\" is nobody's address; write six octets of one "
     "interface, mac = \"02:00:00:00:00:01\"\n"},
    {"MacTwice",
     good(
         "[alias.gem0]\ninstance = \"gem1\"\nmac = \"02:00:00:00:00:0a\"\n[alias.gem1]\ninstance = "
         "\"\"\nmac = \"02:00:00:00:00:0A\"\n"),
     "vm.toml:8:7: MAC address 02:00:00:00:00:0a is given twice: to alias gem0 and to alias gem1; "
     "give each interface an address of its own\n"},
    {"MacOfAUart", good("[alias.uart0]\ninstance = \"uart1\"\nmac = \"02:00:00:00:00:01\"\n"),
     "vm.toml:5:7: mac is for Ethernet, but alias uart0 is a xlnx,zynqmp-uart; take the line "
     "out\n"},
    {"PhyOfATimer", good("[alias.ttc0]\ninstance = \"ttc1\"\nphy = 12\n"),
     "vm.toml:5:7: phy is for Ethernet, but alias ttc0 is a cdns,ttc; take the line out\n"},
    {"PhyBeyondTheBus", good("[alias.gem0]\ninstance = \"gem1\"\nphy = 32\n"),
     "vm.toml:5:7: phy 32 is not within 0 and 31; write the PHY's address on the MDIO bus, phy = "
     "12\n"},
    {"NegativePhy", good("[alias.gem0]\ninstance = \"gem1\"\nphy = -1\n"),
     "vm.toml:5:7: phy is negative; write the PHY's address on the MDIO bus, phy = 12\n"},
};

std::string name_of(const testing::TestParamInfo<Mistake>& info)
{
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(InTheText, AMistake, testing::ValuesIn(text_mistakes), name_of);
INSTANTIATE_TEST_SUITE_P(InAnAlias, AMistake, testing::ValuesIn(alias_mistakes), name_of);
INSTANTIATE_TEST_SUITE_P(InDma, AMistake, testing::ValuesIn(dma_mistakes), name_of);
INSTANTIATE_TEST_SUITE_P(InTheAddressSpace, AMistake, testing::ValuesIn(space_mistakes), name_of);

TEST(Mistakes, AreToldAllAtOnceInTheOrderOfTheFile)
{
    EXPECT_EQ(
        problems_of("memory = \"128Q\"\nvcpus = 9\nkernel = \"/g.elf\"\ncolour = 1\n"
                    "[alias]\nuart0 = \"gem1\"\nuart9 = \"uart1\"\n"),
        "vm.toml:1:10: memory \"128Q\" is not a size; write memory = \"128M\" (K, M and G are "
        "powers of 1024) or a number of bytes\n"
        "vm.toml:2:9: vcpus is 9, but a GICv2 serves 1 to 8; write vcpus = 1 or up to 8, "
        "without quotes\n"
        "vm.toml:4:1: unknown key \"colour\"; known are: memory, dma, low_memory, ocm, vcpus, "
        "kernel, kernel_address, initrd, cmdline, dtb, stop_timeout, alias; an alias such as uart0 "
        "goes below [alias]\n"
        "vm.toml:6:9: alias uart0 is a xlnx,zynqmp-uart, but gem1 is a xlnx,zynqmp-gem; write "
        "one of: uart0, uart1, console\n"
        "vm.toml:7:1: unknown alias \"uart9\"; did you mean \"uart0\"? If not, write a table "
        "[alias.uart9] with instance, address and spis\n");
}

// ---- files -----------------------------------------------------------------------------------

TEST(AnImage, ThatIsMissingIsTold)
{
    HostFacts facts = good_host();
    facts.kernel = MissingFile{ENOENT};
    facts.initrd = MissingFile{EACCES};
    EXPECT_EQ(
        problems_of(good("initrd = \"/i\"\n"), facts),
        "vm.toml:2:10: kernel /g.elf: No such file or directory; check the path, and that the "
        "VM's user may read the file\n"
        "vm.toml:3:10: initrd /i: Permission denied; check the path, and that the VM's user "
        "may read the file\n");
}

TEST(AnImage, ThatTheVmDoesNotSeeIsToldWithTheReason)
{
    HostFacts facts = good_host();
    facts.kernel = MissingFile{EACCES};
    facts.initrd = MissingFile{ENOENT};
    EXPECT_EQ(
        problems_of("memory = \"64M\"\nkernel = \"/home/me/Image\"\ninitrd = \"/tmp/i\"\n", facts),
        "vm.toml:2:10: kernel /home/me/Image: Permission denied; a VM does not see /home "
        "(ProtectHome= in vm@.service): put it elsewhere\n"
        "vm.toml:3:10: initrd /tmp/i: No such file or directory; a VM does not see /tmp "
        "(PrivateTmp=, which is of DynamicUser= in vm@.service): put it elsewhere\n");
}

TEST(AnImage, ThatIsTruncatedIsTold)
{
    Bytes elf = make_elf();
    elf.resize(elf.size() - 1);
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(elf);
    EXPECT_EQ(problems_of(good(), facts),
              "vm.toml:2:10: kernel /g.elf is truncated: segment 0 is bytes 0x78+0x40 of the file, "
              "which has 0xb7; copy or build the file again\n");
}

TEST(AnImage, ForAnotherMachineIsTold)
{
    Bytes elf = make_elf();
    put(elf, offsetof(Elf64_Ehdr, e_machine), Elf64_Half{EM_X86_64});
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(elf);
    EXPECT_EQ(problems_of(good(), facts),
              "vm.toml:2:10: kernel /g.elf is an ELF file for machine 62 (x86-64), not 183 "
              "(AArch64); build it for a bare-metal Cortex-A53 (aarch64-none-elf), statically "
              "linked, little-endian\n");
}

TEST(AnImage, OutsideRamIsToldByItsSegment)
{
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(make_elf({{0}, {0x7ff'f000, 0x2000}, {0xfffc'0000, 0x100}}));
    EXPECT_EQ(problems_of(good(), facts),
              "vm.toml:2:10: kernel /g.elf: load segment 1 [0x07fff000+0x2000] is not in RAM "
              "[0x00000000+0x8000000]; link it to addresses in RAM, or write memory = \"129M\"\n"
              "vm.toml:2:10: kernel /g.elf: load segment 2 [0xfffc0000+0x100] is in the on-chip "
              "memory, which this VM has not; write ocm = true\n");
}

TEST(AnImage, OverADeviceIsToldWithIt)
{
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(make_elf({{0}, {0xf901'0800, 0x2000}, {0xff00'0000}}));
    const std::string over =
        "vm.toml:2:10: kernel /g.elf: load segment 1 [0xf9010800+0x2000] lies "
        "over the GIC distributor [0xf9010000+0x1000]; link it to addresses in "
        "RAM\n";
    EXPECT_EQ(problems_of(good("[alias]\nuart0 = \"\"\n"), facts),
              over +
                  "vm.toml:2:10: kernel /g.elf: load segment 2 [0xff000000+0x100] lies over alias "
                  "uart0 [0xff000000+0x1000]; link it to addresses in RAM\n");
    EXPECT_EQ(problems_of(good(), facts),
              over + "vm.toml:2:10: kernel /g.elf: load segment 2 [0xff000000+0x100] is not in RAM "
                     "[0x00000000+0x8000000]; link it to addresses in RAM\n");
    // Nobody knows where the hugepages will be; but not there.
    EXPECT_EQ(problems_of("memory = \"16M\"\nkernel = \"/g.elf\"\ndma = \"identity\"\n"
                          "low_memory = \"2M\"\n",
                          facts),
              over +
                  "vm.toml:2:10: kernel /g.elf: load segment 2 [0xff000000+0x100] is not in RAM "
                  "[0x00000000+0x200000], [0x10000000+0x1000000]; link it to addresses in RAM\n");

    facts.kernel = RawImage{0x1000};
    EXPECT_EQ(problems_of(good("kernel_address = 0xf9020000\n"), facts),
              "vm.toml:2:10: kernel /g.elf: image [0xf9020000+0x1000] lies over the GIC CPU "
              "interface [0xf9020000+0x2000]; load it elsewhere\n");
    facts.kernel = RawImage{~std::uint64_t{0}};
    EXPECT_EQ(
        problems_of(good(), facts),
        "vm.toml:2:10: kernel /g.elf: image [0x00000000+0xffffffffffffffff] lies over the GIC "
        "distributor [0xf9010000+0x1000]; load it elsewhere\n");
}

TEST(OnChipMemory, TakesWhatIsLinkedThereAndNothingBeyond)
{
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(make_elf({{0xfffc'0000, 0x4'0000}, {0}}));
    const VmPlan plan = good_plan(good("ocm = true\n"), facts);
    ASSERT_TRUE(plan.ocm);
    EXPECT_EQ(plan.ocm->range, (GuestRange{GuestAddr{0xfffc'0000}, 0x4'0000}));
    EXPECT_TRUE(plan.ocm->dma) << "through an IOMMU it is RAM as any";
    EXPECT_EQ(plan.memory.size(), 1U);
    EXPECT_EQ(plan.dtb.memory.base, GuestAddr{0x7ff'0000}) << "in the main memory";

    const VmPlan identity = good_plan(
        "memory = \"16M\"\nkernel = \"/g.elf\"\ndma = \"identity\"\nlow_memory = \"2M\"\nocm = "
        "true\n",
        facts);
    EXPECT_FALSE(identity.ocm->dma) << "a device would reach the host's";
    EXPECT_EQ(identity.warnings.size(), 1U) << "of dma itself";

    facts.kernel = analyse_kernel(make_elf({{0xfffc'0000, 0x4'0001}}));
    EXPECT_EQ(problems_of(good("ocm = true\n"), facts),
              "vm.toml:2:10: kernel /g.elf: load segment 0 [0xfffc0000+0x40001] is not in RAM "
              "[0x00000000+0x8000000], [0xfffc0000+0x40000]; link it to addresses in RAM\n");
    EXPECT_FALSE(good_plan(good("ocm = false\n")).ocm);
}

TEST(OnChipMemory, IsInTheWayOfAnAliasThere)
{
    EXPECT_EQ(problems_of(good("ocm = true\n[alias.uart0]\ninstance = \"uart1\"\naddress = "
                               "0xfffff000\n")),
              "vm.toml:6:11: alias uart0 [0xfffff000+0x1000] overlaps on-chip memory "
              "[0xfffc0000+0x40000]; give it an address from 0x100000000 on\n");
    EXPECT_EQ(problems_of(good("ocm = 1\n")),
              "vm.toml:3:7: ocm is an integer, not true or false; write ocm = true, without "
              "quotes\n");
}

TEST(AnInstance, ThatCannotBeBroughtToRestIsRefused)
{
    EXPECT_EQ(
        problems_of(good("[alias]\nuart0 = \"uart1\"\nsdhci0 = \"sdhci1\"\nlpd_wdt = \"\"\n")),
        "vm.toml:5:10: no quiesce sequence is known for sdhci1 (xlnx,zynqmp-8.9a), so no VM "
        "can have it; write \"\" for nothing yet\n");
}

TEST(AnImage, OneByteTooLongIsToldHowMuchItTakes)
{
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(make_elf({{0x7ff'f000, 0x1001}}));
    EXPECT_THAT(problems_of(good(), facts), testing::HasSubstr("write memory = \"129M\"\n"));
    // What no memory can be is not suggested.
    facts.kernel = analyse_kernel(make_elf({{0x1000, ~std::uint64_t{0x1000}}}));
    EXPECT_EQ(problems_of(good(), facts),
              "vm.toml:2:10: kernel /g.elf: load segment 0 [0x00001000+0xffffffffffffefff] lies "
              "over the GIC distributor [0xf9010000+0x1000]; link it to addresses in RAM\n");
}

TEST(AnImage, WhoseSizeWouldWrapIsTold)
{
    // With text_offset it comes to 0, modulo 2^64, and room for 0 bytes is everywhere.
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(make_linux_image({0x8'0000, ~std::uint64_t{0x7'ffff}}));
    EXPECT_EQ(problems_of(good(), facts),
              "vm.toml:2:10: kernel /g.elf is damaged: image_size is 0xfffffffffff80000; copy or "
              "build the file again\n");
}

TEST(AnImage, WithAnInitrdAndADeviceTreeThatDoNotFitIsTold)
{
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(make_linux_image({0, 0x700'0000, 0xa, 0x1000}));
    facts.initrd = PlainFile{0x100'0000};
    EXPECT_EQ(
        problems_of(good("initrd = \"/i\"\ndtb = \"/d\"\n"), facts),
        "vm.toml:3:10: no room for the initrd (16777216 bytes) beside the kernel in memory of "
        "128M; write memory = \"146M\" or more\n");
    EXPECT_EQ(problems_of("memory = \"146M\"\nkernel = \"/g\"\ninitrd = \"/i\"\n", facts), "");

    facts.dtb = DtbFile{make_tree(0x20'0001)};
    EXPECT_EQ(problems_of(good("dtb = \"/d\"\n"), facts),
              "vm.toml:3:7: dtb /d has 2097153 bytes, more than the 2 MiB of the boot protocol; "
              "give a smaller one\n");
    EXPECT_EQ(problems_of("memory = \"32K\"\nkernel = \"/g.elf\"\n"),
              "vm.toml:1:10: no room for the device tree (65536 bytes) beside the kernel in memory "
              "of 32K; write memory = \"2M\" or more\n");
}

// ---- hugepages ---------------------------------------------------------------------------------

std::string text_at_identity(const std::string& more = "")
{
    return "memory = \"16M\"\nkernel = \"/g\"\ndma = \"identity\"\n" + more;
}

TEST(Hugepages, InTheWayOfSomethingAreToldWithIt)
{
    HostFacts facts = good_host();
    facts.kernel = RawImage{0x1000};
    facts.identity_banks = {at(0x40'0000, 16 * mib)};
    EXPECT_EQ(problems_of(text_at_identity("low_memory = \"8M\"\n"), facts),
              "vm.toml:4:14: low_memory [0x00000000+0x800000] overlaps the host's hugepages "
              "[0x00400000+0x1000000]; write low_memory = \"4M\" or less\n");
    EXPECT_EQ(problems_of(text_at_identity("low_memory = \"4M\"\n"), facts), "");

    facts.identity_banks = {at(0xf900'0000, 16 * mib)};
    EXPECT_EQ(problems_of(text_at_identity(), facts),
              "vm.toml:1:10: the host's hugepages [0xf9000000+0x1000000] overlaps the GIC "
              "distributor [0xf9010000+0x1000]; have the host keep other memory as hugepages\n"
              "vm.toml:1:10: the host's hugepages [0xf9000000+0x1000000] overlaps the GIC CPU "
              "interface [0xf9020000+0x2000]; have the host keep other memory as hugepages\n");

    facts.identity_banks = {at(0x2000'0000, 16 * mib)};
    EXPECT_EQ(problems_of(text_at_identity("[alias.uart0]\ninstance = \"uart1\"\naddress = "
                                           "0x20000000\n"),
                          facts),
              "vm.toml:6:11: alias uart0 [0x20000000+0x1000] overlaps the host's hugepages "
              "[0x20000000+0x1000000]; give it an address from 0x21000000 on\n");

    facts.identity_banks = {at(0x2000'0000, 8 * mib), at(0x2060'0000, 8 * mib)};
    EXPECT_THAT(problems_of(text_at_identity(), facts),
                testing::HasSubstr("[0x20600000+0x800000] overlaps the host's hugepages "
                                   "[0x20000000+0x800000]"));
}

TEST(Hugepages, BeyondTheGuestsAddressesAreTold)
{
    HostFacts facts = good_host();
    facts.kernel = RawImage{0x1000};
    facts.cpu.ipa_bits = 32;
    facts.identity_banks = {at(0x8'0000'0000, 16 * mib)};
    EXPECT_EQ(
        problems_of(text_at_identity(), facts),
        "vm.toml:1:10: the host's hugepages [0x800000000+0x1000000] is beyond the 32 bits of a "
        "guest's addresses; write less\n");
}

TEST(Hugepages, InSmallPiecesHaveNoRoomForALargeKernel)
{
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(make_linux_image({0, 10 * mib, 0xa, 0x1000}));
    facts.identity_banks = {at(0x1000'0000, 8 * mib), at(0x2000'0000, 8 * mib)};
    EXPECT_EQ(
        problems_of(text_at_identity(), facts),
        "vm.toml:2:10: kernel /g needs 10485760 bytes from a 2 MiB boundary on, and no bank of "
        "RAM has them: [0x10000000+0x800000], [0x20000000+0x800000]; write memory = \"10M\" or "
        "more, and have the host keep hugepages from its boot on, when they come in large "
        "pieces\n");
}

TEST(Hugepages, AreNotWhereAnElfFileIsLinkedTo)
{
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(make_elf({{0, 0x3000}, {0x3000'0000}}));
    facts.identity_banks = {at(0x2000'0000, 16 * mib)};
    EXPECT_EQ(problems_of(text_at_identity(), facts),
              "vm.toml:2:10: kernel /g: load segment 0 [0x00000000+0x3000] is not in RAM "
              "[0x20000000+0x1000000]; link it to addresses in RAM, or write low_memory = \"1M\"\n"
              "vm.toml:2:10: kernel /g: load segment 1 [0x30000000+0x100] is not in RAM "
              "[0x20000000+0x1000000]; link it to addresses in RAM\n");
    EXPECT_EQ(problems_of(text_at_identity("low_memory = \"8K\"\n"), facts),
              "vm.toml:2:10: kernel /g: load segment 0 [0x00000000+0x3000] is not in RAM "
              "[0x00000000+0x2000], [0x20000000+0x1000000]; link it to addresses in RAM, or write "
              "low_memory = \"1M\"\n"
              "vm.toml:2:10: kernel /g: load segment 1 [0x30000000+0x100] is not in RAM "
              "[0x00000000+0x2000], [0x20000000+0x1000000]; link it to addresses in RAM\n");
}

TEST(Hugepages, OfWhichNobodyKnowsThePlaceGiveNoProblemOfIt)
{
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(make_elf({{0x3000'0000}}));
    EXPECT_EQ(problems_of(text_at_identity("[alias.uart0]\ninstance = \"uart1\"\naddress = "
                                           "0x10000000\n"),
                          facts),
              "");
    // That of low_memory everybody knows.
    facts.kernel = analyse_kernel(make_elf({{0, 0x3000}}));
    EXPECT_THAT(problems_of(text_at_identity("low_memory = \"8K\"\n"), facts),
                testing::HasSubstr("load segment 0 [0x00000000+0x3000] is not in RAM "));
}

TEST(AnImage, ThatIsNoKernelIsToldUnlessItIsSaidToBeRaw)
{
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(bytes_of("BZh91AY&SY and so on"));
    EXPECT_EQ(
        problems_of(good(), facts),
        "vm.toml:2:10: kernel /g.elf is compressed by bzip2; give it unpacked: bzip2 -dc; or, "
        "for a raw binary that only looks like this, write kernel_address\n");
    const VmPlan plan = good_plan(good("kernel_address = 0x80000\n"), facts);
    EXPECT_EQ(plan.kernel.kind, ImageKind::raw);
    EXPECT_EQ(plan.kernel.segments.at(0).memory, (GuestRange{GuestAddr{0x8'0000}, 20}));
    ASSERT_EQ(plan.warnings.size(), 1U);
    EXPECT_EQ(
        to_string(plan.warnings.at(0)),
        "vm.toml:2:10: kernel /g.elf is compressed by bzip2, and runs as a raw binary because "
        "there is kernel_address; take kernel_address out if it is none");
}

TEST(AKernelAddress, IsForRawBinariesOnly)
{
    EXPECT_EQ(
        problems_of(good("kernel_address = 0x80000\n")),
        "vm.toml:3:18: kernel_address is for raw binaries and static PIE only, and the kernel "
        "is neither; take the line out: the file says itself where it goes\n");
}

TEST(AHost, WithLargePagesCannotMapDevices)
{
    HostFacts facts = good_host();
    facts.host_page_size = 0x1'0000;
    EXPECT_EQ(problems_of(good("[alias]\nuart0 = \"console\"\n"), facts), "");
    EXPECT_EQ(problems_of(good("[alias]\nuart0 = \"uart1\"\n"), facts),
              "vm.toml: the host's pages have 65536 bytes, so that the 4 KiB windows of devices "
              "cannot be mapped; build the host's kernel with CONFIG_ARM64_4K_PAGES\n");
}

} // namespace

} // namespace aliasvm::plan
