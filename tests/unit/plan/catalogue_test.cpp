// SPDX-License-Identifier: Apache-2.0
// The catalogue against a table written down apart from it (UG1085, UG1087).
#include "plan_fixture.hpp"

#include "common/base/error.hpp"
#include "common/fdt/writer.hpp"

#include <string>
#include <utility>
#include <vector>

namespace aliasvm::plan
{

namespace
{

struct Fact
{
    const char* name;
    const char* sysname;
    std::uint64_t base;
    std::vector<std::uint32_t> spis;
    std::optional<std::uint32_t> stream_id;
    Trigger trigger{Trigger::level};
};

const std::vector<Fact> facts{
    {"uart0", "ff000000.serial", 0xff00'0000, {21}, {}},
    {"uart1", "ff010000.serial", 0xff01'0000, {22}, {}},
    {"gem0", "ff0b0000.ethernet", 0xff0b'0000, {57}, 0x874},
    {"gem1", "ff0c0000.ethernet", 0xff0c'0000, {59}, 0x875},
    {"gem2", "ff0d0000.ethernet", 0xff0d'0000, {61}, 0x876},
    {"gem3", "ff0e0000.ethernet", 0xff0e'0000, {63}, 0x877},
    {"ttc0", "ff110000.timer", 0xff11'0000, {36, 37, 38}, {}},
    {"ttc1", "ff120000.timer", 0xff12'0000, {39, 40, 41}, {}},
    {"ttc2", "ff130000.timer", 0xff13'0000, {42, 43, 44}, {}},
    {"ttc3", "ff140000.timer", 0xff14'0000, {45, 46, 47}, {}},
    {"can0", "ff060000.can", 0xff06'0000, {23}, {}},
    {"can1", "ff070000.can", 0xff07'0000, {24}, {}},
    {"i2c0", "ff020000.i2c", 0xff02'0000, {17}, {}},
    {"i2c1", "ff030000.i2c", 0xff03'0000, {18}, {}},
    {"spi0", "ff040000.spi", 0xff04'0000, {19}, {}},
    {"spi1", "ff050000.spi", 0xff05'0000, {20}, {}},
    {"gpio", "ff0a0000.gpio", 0xff0a'0000, {16}, {}},
    {"sdhci0", "ff160000.mmc", 0xff16'0000, {48}, 0x870},
    {"sdhci1", "ff170000.mmc", 0xff17'0000, {49}, 0x871},
    {"gdma1", "fd500000.dma-controller", 0xfd50'0000, {124}, 0x14e8},
    {"gdma2", "fd510000.dma-controller", 0xfd51'0000, {125}, 0x14e9},
    {"gdma3", "fd520000.dma-controller", 0xfd52'0000, {126}, 0x14ea},
    {"gdma4", "fd530000.dma-controller", 0xfd53'0000, {127}, 0x14eb},
    {"gdma5", "fd540000.dma-controller", 0xfd54'0000, {128}, 0x14ec},
    {"gdma6", "fd550000.dma-controller", 0xfd55'0000, {129}, 0x14ed},
    {"gdma7", "fd560000.dma-controller", 0xfd56'0000, {130}, 0x14ee},
    {"gdma8", "fd570000.dma-controller", 0xfd57'0000, {131}, 0x14ef},
    {"adma1", "ffa80000.dma-controller", 0xffa8'0000, {77}, 0x868},
    {"adma2", "ffa90000.dma-controller", 0xffa9'0000, {78}, 0x869},
    {"adma3", "ffaa0000.dma-controller", 0xffaa'0000, {79}, 0x86a},
    {"adma4", "ffab0000.dma-controller", 0xffab'0000, {80}, 0x86b},
    {"adma5", "ffac0000.dma-controller", 0xffac'0000, {81}, 0x86c},
    {"adma6", "ffad0000.dma-controller", 0xffad'0000, {82}, 0x86d},
    {"adma7", "ffae0000.dma-controller", 0xffae'0000, {83}, 0x86e},
    {"adma8", "ffaf0000.dma-controller", 0xffaf'0000, {84}, 0x86f},
    {"lpd_wdt", "ff150000.watchdog", 0xff15'0000, {52}, {}, Trigger::edge},
    {"fpd_wdt", "fd4d0000.watchdog", 0xfd4d'0000, {113}, {}, Trigger::edge},
};

TEST(TheCatalogue, HasEveryInstanceWithItsWindowLinesAndStreamId)
{
    EXPECT_EQ(zynqmp().instances().size(), facts.size());
    for (const Fact& fact : facts)
    {
        SCOPED_TRACE(fact.name);
        const Instance* instance = zynqmp().find(fact.name);
        ASSERT_NE(instance, nullptr);
        EXPECT_EQ(instance->sysname, fact.sysname);
        EXPECT_EQ(instance->windows, (std::vector{HostRange{HostAddr{fact.base}, 0x1000}}));
        EXPECT_EQ(instance->stream_id, fact.stream_id);
        ASSERT_EQ(instance->lines.size(), fact.spis.size());
        for (std::size_t index = 0; index < fact.spis.size(); ++index)
        {
            EXPECT_EQ(instance->lines[index].spi.dt_cell(), fact.spis[index]);
            EXPECT_EQ(instance->lines[index].trigger, fact.trigger);
            EXPECT_EQ(instance->lines[index].vfio_irq, index);
        }
        EXPECT_EQ(zynqmp().find_sysname(fact.sysname), instance);
    }
}

TEST(TheCatalogue, HasAClockThatNoInstanceIs)
{
    EXPECT_EQ(zynqmp().find("rtc"), nullptr);
    EXPECT_EQ(zynqmp().find_sysname("ffa60000.rtc"), nullptr);
    ASSERT_EQ(zynqmp().emulated().size(), 1U);
    const Instance& rtc = zynqmp().emulated().front();
    EXPECT_EQ(zynqmp().find_identity("rtc"), &rtc);
    EXPECT_EQ(zynqmp().find_node("/axi/rtc@ffa60000"), &rtc);
    EXPECT_EQ(rtc.windows, (std::vector{HostRange{HostAddr{0xffa6'0000}, 0x1000}}));
    ASSERT_EQ(rtc.lines.size(), 2U);
    EXPECT_EQ(rtc.lines[0].spi.dt_cell(), 26U);
    EXPECT_EQ(rtc.lines[1].spi.dt_cell(), 27U);

    const Instance* const uart = zynqmp().find("uart1");
    EXPECT_EQ(zynqmp().find_identity("uart1"), uart);
    EXPECT_EQ(zynqmp().find_node(uart->node), uart);
    EXPECT_EQ(zynqmp().find_identity("uart9"), nullptr);
    EXPECT_EQ(zynqmp().find_node("/axi"), nullptr);
}

TEST(TheCatalogue, GivesAGemOneLineThoughItsNodeListsItTwice)
{
    const Instance& gem = *zynqmp().find("gem3");
    EXPECT_EQ(gem.lines.size(), 1U);
    EXPECT_EQ(gem.lines.front().vfio_irq, 0U);
    EXPECT_EQ(gem.interrupt, (std::vector<std::uint32_t>{0, 0}));
}

TEST(TheCatalogue, HasTheClocksInTheBindingsOrder)
{
    const auto& clocks = zynqmp().find("gem0")->clocks;
    ASSERT_EQ(clocks.size(), 5U);
    EXPECT_EQ(clocks[0].name, "pclk");
    EXPECT_EQ(clocks[0].hertz, 100'000'000U);
    EXPECT_EQ(clocks[1].name, "hclk");
    EXPECT_EQ(clocks[1].hertz, 125'000'000U);
    EXPECT_EQ(clocks[4].name, "tsu_clk");
}

TEST(TheCatalogue, KeepsTheFirmwareIds)
{
    const FirmwareIds& ids = zynqmp().find("gem3")->firmware;
    EXPECT_EQ(ids.node, 32U);
    EXPECT_EQ(ids.reset, 32U);
    std::vector<std::uint32_t> clocks;
    for (const Clock& clock : zynqmp().find("gem3")->clocks)
        clocks.push_back(clock.firmware_id.value());
    EXPECT_EQ(clocks, (std::vector<std::uint32_t>{31, 107, 48, 52, 44}));
    EXPECT_EQ(zynqmp().find("ttc0")->firmware.reset, std::nullopt);
}

TEST(TheCatalogue, KnowsEveryClockByTheHostsName)
{
    for (const Instance& instance : zynqmp().instances())
    {
        for (const Clock& clock : instance.clocks)
            EXPECT_NE(clock.host_name, "") << instance.name << " " << clock.name;
    }
    const auto& clocks = zynqmp().find("gem3")->clocks;
    EXPECT_EQ(clocks[0].host_name, "lpd_lsbus");
    EXPECT_EQ(clocks[1].host_name, "gem3_ref");
    EXPECT_EQ(clocks[2].host_name, "gem3_tx");
    EXPECT_EQ(clocks[3].host_name, "gem3_rx");
    EXPECT_EQ(clocks[4].host_name, "gem_tsu");
    EXPECT_EQ(zynqmp().find("uart1")->clocks[0].host_name, "uart1_ref");
}

TEST(TheCatalogue, PutsTheGicWhereTheSoCHasIt)
{
    EXPECT_EQ(zynqmp().gic_distributor(), (GuestRange{GuestAddr{0xf901'0000}, 0x1000}));
    EXPECT_EQ(zynqmp().gic_cpu_interface(), (GuestRange{GuestAddr{0xf902'0000}, 0x2000}));
}

TEST(TheCatalogue, KnowsWhereTheSoCDecodesRam)
{
    EXPECT_EQ(zynqmp().memory(), (std::vector{GuestRange{GuestAddr{0}, 2ULL << 30},
                                              GuestRange{GuestAddr{0x8'0000'0000}, 32ULL << 30}}));
    EXPECT_EQ(zynqmp().ocm(), (GuestRange{GuestAddr{0xfffc'0000}, 0x4'0000}));
}

/// A catalogue of one device and one range of RAM.
Bytes small_catalogue(const std::vector<std::string>& compatible, std::uint64_t memory)
{
    fdt::Writer writer;
    writer.cell("#address-cells", 2);
    writer.cell("#size-cells", 2);
    {
        const auto gic = writer.node("gic");
        writer.flag("interrupt-controller");
        writer.cells("reg", fdt::two_cells({0xf901'0000, 0x1000, 0xf902'0000, 0x2000}));
    }
    {
        const auto ram = writer.node("memory@0");
        writer.cells("reg", fdt::two_cells({0, memory}));
    }
    {
        const auto bus = writer.node("axi");
        writer.cell("#address-cells", 2);
        writer.cell("#size-cells", 2);
        const auto device = writer.node("timer@ff110000");
        writer.string("aliasvm,name", "ttc0");
        if (!compatible.empty())
            writer.strings("compatible", compatible);
        writer.cells("reg", fdt::two_cells({0xff11'0000, 0x1000}));
    }
    return std::move(writer).finish();
}

std::string refusal_of(Bytes blob)
{
    try
    {
        const Catalogue catalogue{std::move(blob), "x"};
        return "";
    }
    catch (const Error& error)
    {
        return error.what();
    }
}

TEST(TheCatalogue, RefusesADeviceOfNoKindAndRamOfNoWholePages)
{
    EXPECT_EQ(refusal_of(small_catalogue({"cdns,ttc"}, 0x1000)), "");
    EXPECT_EQ(refusal_of(small_catalogue({}, 0x1000)),
              "read /axi/timer@ff110000 of the catalogue: it has no compatible: Invalid argument");
    for (const std::uint64_t memory : {0, 0x1001, 0xfff})
        EXPECT_EQ(refusal_of(small_catalogue({"cdns,ttc"}, memory)),
                  "read the catalogue: no memory of whole pages below the root: Invalid argument");
}

TEST(TheCatalogue, RefusesABlobThatIsNone)
{
    EXPECT_THROW((Catalogue{bytes_of("nothing of the kind"), "x"}), Error);
    EXPECT_THROW((Catalogue{{}, "x"}), Error);
    const Bytes whole = bytes_of(read_text(environment("ALIASVM_TEST_CATALOGUE")));
    for (std::size_t size = 0; size < whole.size(); size += 97)
    {
        Bytes part{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
        EXPECT_THROW((Catalogue{std::move(part), "x"}), Error) << size;
    }
}

} // namespace

} // namespace aliasvm::plan
