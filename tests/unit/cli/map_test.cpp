// SPDX-License-Identifier: Apache-2.0
// The map of a VM against files that were looked at by a person.
#include "fake_daemon.hpp"
#include "run_cli.hpp"
#include "temporary_folder.hpp"

#include "tests/fakes/private_bus.hpp"

#include "cli/map.hpp"
#include "cli/svg.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::cli
{
namespace
{

using testing::HasSubstr;

/// With ALIASVM_UPDATE_GOLDEN set the file is written, and must be looked at before it is kept.
void expect_golden(const std::string& name, const std::string& text)
{
    const auto file = std::filesystem::path{std::getenv("ALIASVM_TEST_GOLDEN")} / name;
    if (std::getenv("ALIASVM_UPDATE_GOLDEN") != nullptr)
        std::ofstream{file} << text;
    std::ifstream in{file};
    const std::string golden{std::istreambuf_iterator<char>{in}, {}};
    EXPECT_EQ(text, golden) << file;
}

MachineMap sample_map(const char* name)
{
    const Inventory inventory = sample_inventory();
    MachineMap map{.machine = inventory.machine(name),
                   .gic = GicRanges{{{0xf9010000}, 0x1000}, {{0xf9020000}, 0x2000}},
                   .sysnames = {}};
    for (const Device& device : inventory.devices)
        map.sysnames[device.name] = device.sysname;
    return map;
}

TEST(Map, TableHasHostAndGuestOfEachWindowAndInterrupt)
{
    expect_golden("right.map", map_table(sample_map("right")));
    expect_golden("con.map", map_table(sample_map("con")));
    expect_golden("left.map", map_table(sample_map("left"))); // RAM at identity, in two banks
}

TEST(Map, PictureHasHostAndGuestOfEachWindowAndInterrupt)
{
    expect_golden("right.svg", map_svg(sample_map("right")));
    expect_golden("con.svg", map_svg(sample_map("con")));
    expect_golden("left.svg", map_svg(sample_map("left")));
}

TEST(Map, PictureEscapesWhateverANameIs)
{
    MachineMap map = sample_map("right");
    map.machine.name = "<a href=\"x\">&\x01\xff";
    map.machine.aliases[0].name = "]]>";
    const std::string svg = map_svg(map);
    EXPECT_THAT(svg, HasSubstr("&lt;a href=&quot;x&quot;&gt;&amp;\xef\xbf\xbd\xef\xbf\xbd"));
    EXPECT_THAT(svg, HasSubstr("]]&gt;"));
    expect_golden("hostile.svg", svg); // which a test has parsed
}

TEST(Map, TextOfAPictureIsNeverMarkup)
{
    Svg svg{10, 10, "t"};
    svg.text(1, 2, "range", "</text>");
    EXPECT_THAT(svg.document(),
                HasSubstr("<text class=\"range\" x=\"1\" y=\"2\">&lt;/text&gt;</text>"));
}

TEST(Map, ANewVmHasAMapToo)
{
    MachineMap map = sample_map("broken");
    map.gic.reset();
    EXPECT_EQ(map_table(map), "VM broken: failed, 0 vCPUs; [host] -> [guest]\n"
                              "memory  [RAM 0]  -> [place known at its start]\n");
    EXPECT_THAT(map_svg(map), HasSubstr("</svg>"));
}

class MapCommand : public testing::Test
{
protected:
    MapCommand() { daemon_.serve(); }

    fakes::PrivateBus bus_;
    FakeDaemon daemon_{bus_.address()};
    TemporaryFolder folder_;
};

TEST_F(MapCommand, PrintsTheTable)
{
    const Outcome outcome = run_cli({"--bus", bus_.address(), "map", "right"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, map_table(sample_map("right")));
}

TEST_F(MapCommand, DrawsIntoAFile)
{
    const auto file = folder_.path() / "right.svg";
    const Outcome outcome =
        run_cli({"--bus", bus_.address(), "map", "right", "--svg", file.string()});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    std::ifstream in{file};
    EXPECT_EQ((std::string{std::istreambuf_iterator<char>{in}, {}}), map_svg(sample_map("right")));
    const Outcome denied =
        run_cli({"--bus", bus_.address(), "map", "right", "--svg", "/nonexistent/x.svg"});
    EXPECT_EQ(denied.status, 1);
    EXPECT_EQ(denied.err, "aliasvm: create /nonexistent/x.svg: No such file or directory\n");
}

TEST_F(MapCommand, JsonHasTheGicBesideTheAliases)
{
    const Outcome outcome = run_cli({"--bus", bus_.address(), "map", "con", "--json"});
    EXPECT_EQ(outcome.out, R"({"machine":"con","state":"inactive","memory":[)"
                           R"({"base":0,"size":4097,"identity":false}],)"
                           R"("gic":{"distributor":{"base":4177592320,"size":4096},)"
                           R"("cpu_interface":{"base":4177657856,"size":8192}},"aliases":[)"
                           R"({"alias":"uart0","backing":"console","instance":null,"windows":[)"
                           R"({"guest":4278190080,"host":null,"size":4096}],"interrupts":[)"
                           R"({"guest":{"spi":21,"intid":53},"host":null}]}],"macs":{}})"
                           "\n");
}

TEST_F(MapCommand, WithoutACatalogueTheRestIsShown)
{
    const Outcome outcome = run_cli(
        {"--bus", bus_.address(), "--catalogue", "/nonexistent.dtb", "map", "right", "--json"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.out, HasSubstr("\"gic\":null,\"aliases\":[{\"alias\":\"uart0\""));
    EXPECT_EQ(outcome.err, "aliasvm: the map is without the GIC: open /nonexistent.dtb: No such "
                           "file or directory\n");
}

} // namespace
} // namespace aliasvm::cli
