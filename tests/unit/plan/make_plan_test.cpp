// SPDX-License-Identifier: Apache-2.0
// Plans of right configurations, and of random ones.
#include "plan_fixture.hpp"

#include "common/plan/alias_planner.hpp"
#include "common/plan/guest_dtb.hpp"
#include "common/plan/nearest.hpp"
#include "common/plan/print.hpp"
#include "common/plan/units.hpp"

#include <algorithm>
#include <random>
#include <set>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

const std::string head = "memory = \"128M\"\nkernel = \"/g\"\n";

TEST(APlan, PutsAnInstanceBehindTheAliasOfAnother)
{
    const VmPlan plan = good_plan(head + "[alias]\nuart0 = \"uart1\"\n");
    const AliasPlan& uart = alias_of(plan, "uart0");
    EXPECT_EQ(uart.sysname, "ff010000.serial");
    EXPECT_EQ(uart.windows.at(0).guest.base, GuestAddr{0xff00'0000});
    EXPECT_EQ(uart.windows.at(0).host->base, HostAddr{0xff01'0000});
    EXPECT_EQ(uart.lines.at(0).guest.intid(), 53U);
    EXPECT_EQ(uart.lines.at(0).host->intid(), 54U);
    EXPECT_EQ(uart.dma, Dma::none);
    EXPECT_FALSE(uart.ethernet);
    EXPECT_EQ(binding_text(uart), "uart0=uart1(ff010000.serial)");
    EXPECT_EQ(bindings_text(plan.aliases), "uart0=uart1(ff010000.serial) gpio=power-key");
}

TEST(APlan, HasAPmuWhereTheHostOffersOne)
{
    HostFacts facts = good_host();
    EXPECT_TRUE(good_plan(head, facts).pmu);
    facts.cpu.pmu = false;
    EXPECT_FALSE(good_plan(head, facts).pmu);
}

TEST(APlan, HasAPowerKeyUnlessTheConfigurationSaysOtherwise)
{
    EXPECT_EQ(alias_of(good_plan(head), "gpio").backing, Backing::power_key);
    EXPECT_EQ(alias_of(good_plan(head + "[alias]\ngpio = \"\"\n"), "gpio").backing, Backing::none);
}

TEST(APlan, KeepsAliasesInTheOrderOfTheFile)
{
    const VmPlan plan = good_plan(head + "[alias]\nuart1 = \"\"\ncan0 = \"\"\nuart0 = \"\"\n");
    EXPECT_EQ(bindings_text(plan.aliases),
              "uart1=nothing can0=nothing uart0=nothing gpio=power-key");
}

TEST(AnAlias, IsPlannedAloneWithAnInstanceThatTheFileDoesNotName)
{
    const Config config = parse_config("alias = { uart0 = \"uart1\", uart1 = \"\", can0 = \"no\" }",
                                       "vm.toml", *VmName::from("vm"));
    // That uart1 is behind uart0 in the file, and that there is no such thing as "no", is no part
    // of the question.
    const auto planned = plan_alias(config, zynqmp(), {}, config.aliases.at(1), "uart1");
    ASSERT_TRUE(std::holds_alternative<AliasPlan>(planned));
    const auto& uart1 = std::get<AliasPlan>(planned);
    EXPECT_EQ(binding_text(uart1), "uart1=uart1(ff010000.serial)");
    EXPECT_EQ(uart1.windows.at(0).guest.base, GuestAddr{0xff01'0000});

    const auto uart0 = plan_alias(config, zynqmp(), {}, config.aliases.at(0), "uart1");
    EXPECT_FALSE(same_to_guest(uart1, std::get<AliasPlan>(uart0)));
    const auto emptied = plan_alias(config, zynqmp(), {}, config.aliases.at(1), no_instance);
    EXPECT_TRUE(same_to_guest(uart1, std::get<AliasPlan>(emptied)));
    EXPECT_EQ(std::get<AliasPlan>(emptied).backing, Backing::none);

    const auto refused = plan_alias(config, zynqmp(), {}, config.aliases.at(1), "gem0");
    ASSERT_TRUE(std::holds_alternative<Problems>(refused));
    ASSERT_EQ(std::get<Problems>(refused).size(), 1U);
    EXPECT_EQ(std::get<Problems>(refused).front().what,
              "alias uart1 is a xlnx,zynqmp-uart, but gem0 is a xlnx,zynqmp-gem");
}

TEST(APlan, GivesEachOfTwoConsolesItsOwnAlias)
{
    const VmPlan plan = good_plan(head + "[alias]\nuart0 = \"console\"\nuart1 = \"console\"\n");
    EXPECT_EQ(bindings_text(plan.aliases), "uart0=console uart1=console gpio=power-key");
}

TEST(APlan, HasAClockIfItIsAskedFor)
{
    const VmPlan plan = good_plan(head + "[alias]\nrtc = \"clock\"\n");
    EXPECT_EQ(bindings_text(plan.aliases), "rtc=clock gpio=power-key");
    const AliasPlan& rtc = alias_of(plan, "rtc");
    EXPECT_EQ(rtc.backing, Backing::clock);
    EXPECT_EQ(rtc.windows.at(0).guest, (GuestRange{GuestAddr{0xffa6'0000}, 0x1000}));
    EXPECT_EQ(rtc.windows.at(0).host, std::nullopt);
    ASSERT_EQ(rtc.lines.size(), 2U);
    EXPECT_EQ(rtc.lines[0].guest.dt_cell(), 26U);
    EXPECT_EQ(rtc.lines[1].guest.dt_cell(), 27U);

    const VmPlan elsewhere = good_plan(
        head + "[alias.rtc]\ninstance = \"clock\"\naddress = 0xff0f_0000\nspis = [90, 91]\n");
    EXPECT_EQ(alias_of(elsewhere, "rtc").lines.at(1).guest.dt_cell(), 91U);
}

TEST(APlan, PutsTheDeviceTreeOnTopAndTheInitrdBelow)
{
    const VmPlan plan = good_plan(head + "initrd = \"/i\"\n");
    EXPECT_EQ(plan.dtb.memory, (GuestRange{GuestAddr{0x7ff'0000}, 0x1'0000}));
    EXPECT_EQ(plan.initrd->memory, (GuestRange{GuestAddr{0x7ef'0000}, 0x10'0000}));
}

TEST(APlan, HasTheTriggersOfTheHostsInstancesAndElseTheCatalogues)
{
    HostFacts facts = good_host();
    facts.traits.triggers = {{"ff140000.timer", {Trigger::edge, std::nullopt, Trigger::level}},
                             {"ff120000.timer", {Trigger::edge}},
                             {"ff110000.timer", {Trigger::edge, Trigger::edge, Trigger::edge}}};
    const auto triggers = [&](const std::string& aliases, const char* alias)
    {
        const VmPlan plan = good_plan(head + "[alias]\n" + aliases, facts);
        std::vector<Trigger> all;
        for (const Line& line : alias_of(plan, alias).lines)
            all.push_back(line.trigger);
        return all;
    };
    const auto level = Trigger::level;
    const auto edge = Trigger::edge;
    EXPECT_EQ(triggers("ttc0 = \"ttc3\"\n", "ttc0"), (std::vector{edge, level, level}));
    EXPECT_EQ(triggers("ttc0 = \"ttc1\"\n", "ttc0"), (std::vector{edge, level, level}));
    EXPECT_EQ(triggers("ttc0 = \"\"\n", "ttc0"), (std::vector{level, level, level}));
    EXPECT_EQ(triggers("ttc0 = \"ttc2\"\n", "ttc0"), (std::vector{level, level, level}));

    // So does the guest's tree, and a plan of the alias alone.
    const auto plan = good_plan(head + "[alias]\nttc0 = \"ttc3\"\n", facts);
    const auto blob = make_guest_dtb(plan, zynqmp());
    const fdt::Tree tree{blob, "guest's"};
    EXPECT_EQ(tree.find("/axi/timer@ff110000")->cells("interrupts"),
              (std::vector<std::uint32_t>{0, 36, 1, 0, 37, 4, 0, 38, 4}));
    const auto config =
        parse_config(head + "[alias]\nttc0 = \"\"\n", "vm.toml", *VmName::from("vm"));
    const auto moved = plan_alias(config, zynqmp(), facts.traits, config.aliases.front(), "ttc3");
    EXPECT_EQ(std::get<AliasPlan>(moved).lines.front().trigger, edge);
}

TEST(APlan, GoesAroundAKernelAtTheEndOfRam)
{
    HostFacts facts = good_host();
    facts.kernel = analyse_kernel(make_elf({{0x7f0'0000, 0x10'0000}}));
    const VmPlan plan = good_plan(head, facts);
    EXPECT_EQ(plan.dtb.memory.last(), GuestAddr{0x7ef'ffff});
}

TEST(APlan, HasRoomForADeviceTreeFileToGrowAndOffAnyBoundary)
{
    HostFacts facts = good_host();
    facts.dtb = DtbFile{make_tree(0x1'2345)};
    const VmPlan plan = good_plan("memory = 134221824\nkernel = \"/g\"\ndtb = \"/d.dtb\"\n", facts);
    EXPECT_EQ(plan.dtb.memory, (GuestRange{GuestAddr{0x7fe'0000}, 0x2'0000}));
    EXPECT_EQ(plan.dtb.file, "/d.dtb");
}

TEST(APlan, PutsARawBinaryWhereTheConfigurationSays)
{
    HostFacts facts = good_host();
    facts.kernel = RawImage{0x1000};
    EXPECT_EQ(good_plan(head, facts).kernel.entry, GuestAddr{0});
    const VmPlan plan = good_plan(head + "kernel_address = 0x8_0000\n", facts);
    EXPECT_EQ(plan.kernel.entry, GuestAddr{0x8'0000});
    EXPECT_EQ(plan.kernel.segments.at(0).memory, (GuestRange{GuestAddr{0x8'0000}, 0x1000}));
}

TEST(APlan, PutsAStaticPieWhereTheConfigurationSaysOrWhereThereIsRam)
{
    const auto pie = [](std::uint64_t lowest)
    {
        HostFacts facts = good_host();
        facts.kernel = analyse_kernel(
            make_pie({{0, 0x100, 0x40, lowest, 0x1'0000}, {0, 0x100, 0x40, lowest + 0x1'2000}}));
        return facts;
    };
    const auto place = [](const VmPlan& plan)
    {
        EXPECT_EQ(plan.kernel.segments[1].memory.base - plan.kernel.segments[0].memory.base,
                  0x1'2000U);
        EXPECT_EQ(plan.kernel.entry, plan.kernel.segments[0].memory.base);
        return plan.kernel.entry.value;
    };
    EXPECT_EQ(place(good_plan(head, pie(0))), 0U);
    EXPECT_EQ(place(good_plan(head, pie(0x4'1000))), 0x4'1000U) << "as it is linked";
    EXPECT_EQ(place(good_plan(head, pie(0xc000'1000))), 0x1000U)
        << "down to RAM, as far as it goes";
    EXPECT_EQ(place(good_plan(head + "kernel_address = 0x200000\n", pie(0))), 0x20'0000U);
    EXPECT_EQ(place(good_plan(head + "kernel_address = 0x201000\n", pie(0x4'1000))), 0x20'1000U);
    EXPECT_EQ(place(good_plan(head + "kernel_address = 0x201000\n", pie(0xffff'8000'0000'1000))),
              0x20'1000U);
    HostFacts hugepages = pie(0);
    hugepages.identity_banks = {{GuestAddr{0x3000'0000}, 128U << 20}};
    EXPECT_EQ(place(good_plan(head + "dma = \"identity\"\n", hugepages)), 0x3000'0000U);

    EXPECT_EQ(problems_of(head + "kernel_address = 0x201004\n", pie(0x1000)),
              "vm.toml:3:18: kernel_address 0x201004 is no place for /g, which is linked to 0x1000 "
              "and moves by 0x10000; write 0x211000\n");
    EXPECT_EQ(problems_of(head + "kernel_address = 0x7ff0000\n", pie(0)),
              "vm.toml:2:10: kernel /g: load segment 1 [0x08002000+0x100] is not in RAM "
              "[0x00000000+0x8000000]; link it to addresses in RAM\n");
    EXPECT_NE(problems_of(head + "kernel_address = 0x7fff_ffff_ffff_0000\n", pie(0)), "");
}

TEST(APlan, PutsALinuxKernelThatMayNotBeAnywhereIntoTheLowestBank)
{
    const std::string text = "memory = \"6G\"\nkernel = \"/g\"\n";
    HostFacts facts = good_host();
    facts.kernel = LinuxImage{0x1000, 0x20'0000, 0x8'0000, true};
    EXPECT_EQ(good_plan(text, facts).kernel.entry, GuestAddr{0x8'0008'0000}) << "the largest";
    facts.kernel = LinuxImage{0x1000, 0x20'0000, 0x8'0000, false};
    EXPECT_EQ(good_plan(text, facts).kernel.entry, GuestAddr{0x8'0000});
}

TEST(APlan, KeepsALinuxKernelOfAnyHeaderOffTheDeviceTree)
{
    std::mt19937_64 random{3};
    int planned = 0;
    for (int round = 0; round < 5'000; ++round)
    {
        const std::uint64_t size = random() >> random() % 64;
        const std::uint64_t offset = random() % 4 == 0 ? random() : random() % 0x200 * 0x1000;
        HostFacts facts = good_host();
        facts.kernel = analyse_kernel(make_linux_image({offset, size, random() % 16, 0x1000}));
        const auto result = plan_of(head, facts);
        if (const auto* plan = std::get_if<VmPlan>(&result))
        {
            const GuestRange& kernel = plan->kernel.segments.at(0).memory;
            EXPECT_FALSE(kernel.overlaps(plan->dtb.memory));
            EXPECT_TRUE(plan->memory.at(0).range.contains(kernel.base, kernel.size));
            ++planned;
        }
    }
    EXPECT_GT(planned, 500);
}

TEST(APlan, KeepsTheDmaHoleOnlyForVmsWithABusMaster)
{
    HostFacts facts = good_host();
    facts.dma_holes = {{GuestAddr{0x800'0000}, 0x10'0000}};
    const std::string text = "memory = \"256M\"\nkernel = \"/g\"\n[alias]\n";
    EXPECT_TRUE(good_plan(text + "uart0 = \"uart1\"\n", facts).dma_holes.empty());
    EXPECT_EQ(good_plan(text + "gem0 = \"gem3\"\n", facts).dma_holes, facts.dma_holes);
    // It may be filled later, and the guest reads its device tree once.
    EXPECT_EQ(good_plan(text + "gem0 = \"\"\n", facts).dma_holes, facts.dma_holes);
    EXPECT_TRUE(good_plan(head + "[alias]\ngem0 = \"gem3\"\n", facts).dma_holes.empty());
}

TEST(APlan, TakesAnyIdentityInLongForm)
{
    const VmPlan plan = good_plan(
        head + "[alias.com1]\ninstance = \"uart1\"\naddress = 0xa000_0000\nspis = [90]\n");
    const AliasPlan& alias = alias_of(plan, "com1");
    EXPECT_EQ(alias.node, "/axi/serial@ff010000");
    EXPECT_EQ(alias.windows.at(0).guest.base, GuestAddr{0xa000'0000});
    EXPECT_EQ(alias.lines.at(0).guest.dt_cell(), 90U);
}

/// What must hold of every plan, however it came about.
void check_sound(const VmPlan& plan)
{
    std::vector<GuestRange> claims{plan.gic_distributor, plan.gic_cpu_interface};
    for (const Bank& bank : plan.memory)
        claims.push_back(bank.range);
    std::set<Spi> lines;
    std::set<std::string> instances;
    for (const AliasPlan& alias : plan.aliases)
    {
        for (const Window& window : alias.windows)
            claims.push_back(window.guest);
        for (const Line& line : alias.lines)
            EXPECT_TRUE(lines.insert(line.guest).second) << spi_text(line.guest);
        if (alias.backing == Backing::instance)
        {
            EXPECT_TRUE(instances.insert(alias.instance).second) << alias.instance;
        }
    }
    std::ranges::sort(claims, {}, &GuestRange::base);
    for (std::size_t index = 1; index < claims.size(); ++index)
        EXPECT_FALSE(claims[index - 1].overlaps(claims[index])) << range_text(claims[index]);
}

std::string random_configuration(std::mt19937& random)
{
    const auto& all = zynqmp().instances();
    std::string text =
        fmt::format("memory = \"{}M\"\nkernel = \"/g\"\n", random() % 8 == 0 ? 4096 : 64);
    std::set<std::string> names;
    for (auto aliases = random() % 5; aliases > 0; --aliases)
    {
        const Instance& identity = all[random() % all.size()];
        if (!names.insert(identity.name).second)
            continue;
        // Often another instance of the same kind, sometimes anything, sometimes nothing.
        std::string instance;
        for (int tries = 0; tries < 20 && instance.empty(); ++tries)
        {
            const Instance& other = all[random() % all.size()];
            if (other.compatible == identity.compatible || random() % 40 == 0)
                instance = other.name;
        }
        text += fmt::format("[alias.{}]\ninstance = \"{}\"\n", identity.name, instance);
        if (random() % 3 == 0)
            text += fmt::format("address = {:#x}\n",
                                0xf900'0000 + (random() % 64) * 0x1000 + (random() % 8 == 0));
        if (random() % 3 == 0)
            text += fmt::format("spis = [{}]\n", random() % 200);
    }
    return text;
}

TEST(RandomConfigurations, GiveASoundPlanOrAProblem)
{
    std::mt19937 random{1};
    int plans = 0;
    int problems = 0;
    for (int round = 0; round < 2'000; ++round)
    {
        const std::string text = random_configuration(random);
        SCOPED_TRACE(text);
        const auto result = plan_of(text);
        if (const auto* plan = std::get_if<VmPlan>(&result))
        {
            check_sound(*plan);
            ++plans;
        }
        else
        {
            EXPECT_FALSE(std::get<Problems>(result).empty());
            ++problems;
        }
    }
    // Both sides have been met, often.
    EXPECT_GT(plans, 200);
    EXPECT_GT(problems, 200);
}

TEST(ASize, IsReadAsItIsWritten)
{
    EXPECT_EQ(parse_size("128M"), 128U << 20);
    EXPECT_EQ(parse_size("0x1000"), 0x1000U);
    EXPECT_EQ(parse_size("1G"), 1U << 30);
    for (const char* text : {"", "M", "0x", "-1", "1.5G", "1 M", "128m", "18446744073709551616",
                             "18014398509481984K", "0x-1"})
        EXPECT_FALSE(parse_size(text)) << text;
    for (const std::uint64_t bytes : {1ULL, 4096ULL, 128ULL << 20, 3ULL << 30, 4097ULL})
        EXPECT_EQ(parse_size(size_text(bytes)), bytes);
}

TEST(TheNearestWord, IsATypingErrorAway)
{
    const std::vector<std::string> words{"uart0", "uart1", "gem0", "ttc0"};
    EXPECT_EQ(nearest("urat1", words), "uart1");
    EXPECT_EQ(nearest("UART1", words), "uart1");
    EXPECT_EQ(nearest("gm0", words), "gem0");
    EXPECT_EQ(nearest("watchdog", words), std::nullopt);
    EXPECT_EQ(nearest("", words), std::nullopt);
    EXPECT_EQ(suggest("watchdog", words), "known are: uart0, uart1, gem0, ttc0");
}

} // namespace

} // namespace aliasvm::plan
