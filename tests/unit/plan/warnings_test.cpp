// SPDX-License-Identifier: Apache-2.0
// What is allowed, but told.
#include "bsp_code.hpp"
#include "plan_fixture.hpp"

namespace aliasvm::plan
{
namespace
{

constexpr std::uint32_t msr_vbar_el3 = 0xd51e'c001;
constexpr std::uint32_t msr_scr_el3 = 0xd51e'1101;
constexpr std::uint32_t msr_vbar_el1 = 0xd518'c001;
constexpr std::uint32_t mrs_esr_el3 = 0xd53e'5200;
constexpr std::uint32_t msr_of_no_name = 0xd51e'f001; // S3_6_C15_C0_0

constexpr std::uint32_t mrs_pmcr_el0 = 0xd53b'9c00;

std::string warnings_of(const Words& code, bool pmu = true)
{
    Bytes file = make_elf({{0, 0x200, 0x200}});
    put_code(file, code);
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(file);
    facts.cpu.pmu = pmu;
    std::string text;
    for (const Problem& warning :
         good_plan("memory = \"64M\"\nkernel = \"/g.elf\"\n", facts).warnings)
        text += to_string(warning) + "\n";
    return text;
}

TEST(AnElfFileBuiltForEl3, IsWarnedOfWithTheSettingOfItsBsp)
{
    constexpr const char* mend = "set EL3 to 0 and EL1_NONSECURE to 1 in its BSP (bspconfig.h; in "
                                 "the newer tools the option standalone_el1_ns), and build it "
                                 "again\n";
    EXPECT_EQ(
        warnings_of(bsp(true, false)),
        std::string{"vm.toml:2:10: kernel /g.elf is built with AMD's BSP, and not for EL1, at "
                    "which a VM is entered: it will wait for ever at its start; "} +
            mend);
    Words both = bsp(true, true);
    both.push_back(mrs_esr_el3);
    EXPECT_EQ(
        warnings_of(both),
        std::string{"vm.toml:2:10: kernel /g.elf is built with AMD's BSP for EL1, but for EL3 "
                    "as well: its first exception will read ESR_EL3, and that at EL1 is an "
                    "exception again; "} +
            mend);
    EXPECT_EQ(warnings_of(bsp(false, true)), "") << "as it should be";
}

TEST(AnElfFileBuiltForEl3, IsWarnedOfWithoutAmdsBspToo)
{
    EXPECT_EQ(warnings_of({msr_vbar_el3, msr_scr_el3}),
              "vm.toml:2:10: kernel /g.elf writes SCR_EL3, VBAR_EL3 and not VBAR_EL1, as if built "
              "for EL3; a VM is entered at EL1; build it for EL1, non-secure\n");
    EXPECT_EQ(warnings_of({msr_vbar_el3, msr_vbar_el1, mrs_esr_el3}), "") << "U-Boot takes either";
    EXPECT_EQ(warnings_of({msr_of_no_name}), "") << "it may be data";
    EXPECT_EQ(warnings_of({mov_x0_0}), "");
}

TEST(AnElfFileThatReadsPmcr, IsWarnedOfWhereGuestsHaveNoPmu)
{
    EXPECT_EQ(
        warnings_of({mrs_pmcr_el0}, false),
        "vm.toml:2:10: kernel /g.elf reads PMCR_EL0, which is an undefined instruction in a guest "
        "of this host: its kernel drives no PMU, and so KVM offers none; write pmu { compatible = "
        "\"arm,cortex-a53-pmu\"; interrupts = <0 143 4>, <0 144 4>, <0 145 4>, <0 146 4>; "
        "interrupt-affinity = <&cpu0>, <&cpu1>, <&cpu2>, <&cpu3>; }; into the root of the host's "
        "device tree\n");
    EXPECT_EQ(warnings_of({mrs_pmcr_el0}, true), "");
    EXPECT_EQ(warnings_of({mov_x0_0}, false), "") << "it does not ask";
}

} // namespace
} // namespace aliasvm::plan
