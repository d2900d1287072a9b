// SPDX-License-Identifier: Apache-2.0
// What the writer writes, the reader reads; what is broken, it refuses.
#include "common/base/error.hpp"
#include "common/fdt/reader.hpp"
#include "common/fdt/writer.hpp"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libfdt.h>

namespace aliasvm::fdt
{

namespace
{

std::vector<std::byte> example()
{
    Writer writer;
    writer.cell("#address-cells", 2);
    writer.cell("#size-cells", 1);
    const std::uint32_t phandle = writer.new_phandle();
    writer.strings("compatible", {"one", "two"});
    {
        const auto device = writer.node("device@100000000");
        writer.cells("reg", {1, 0, 0x1000});
        writer.cell("points-at", phandle);
        writer.bytes("odd", std::vector<std::byte>(3));
        writer.flag("marked");
    }
    {
        const auto other = writer.node("other");
        writer.cell("phandle", phandle);
    }
    return std::move(writer).finish();
}

TEST(ATree, GivesBackWhatWasWritten)
{
    const auto blob = example();
    const Tree tree{blob, "example"};
    EXPECT_EQ(tree.size(), blob.size());
    EXPECT_EQ(tree.root().strings("compatible"), (std::vector<std::string>{"one", "two"}));
    ASSERT_EQ(tree.root().children().size(), 2U);

    const auto device = tree.find("/device@100000000");
    ASSERT_TRUE(device);
    EXPECT_EQ(device->name(), "device@100000000");
    EXPECT_EQ(device->stem(), "device");
    EXPECT_EQ(device->path(), "/device@100000000");
    EXPECT_TRUE(device->has("marked"));
    EXPECT_EQ(device->properties().size(), 4U);
    ASSERT_EQ(device->reg().size(), 1U);
    EXPECT_EQ(device->reg()[0].address, 0x1'0000'0000U);
    EXPECT_EQ(device->reg()[0].size, 0x1000U);
    EXPECT_EQ(tree.find_phandle(device->cell("points-at"))->name(), "other");
}

TEST(ATree, FindsItsNodesFromWhereverTheyAreAskedFor)
{
    Writer writer;
    {
        const auto bus = writer.node("bus");
        writer.cell("#address-cells", 1);
        writer.cell("#size-cells", 1);
        for (const std::uint32_t address : {0x10U, 0x20U})
        {
            const auto device = writer.node(fmt::format("device@{:x}", address));
            writer.cells("reg", {address, 4});
            const auto part = writer.node("part");
            writer.cell("phandle", address);
        }
    }
    {
        const auto last = writer.node("last");
    }
    const auto blob = std::move(writer).finish();
    const Tree tree{blob, "nested"};

    EXPECT_EQ(tree.root().path(), "/");
    EXPECT_EQ(tree.find("/")->path(), "/");
    EXPECT_EQ(tree.find("/bus/device")->path(), "/bus/device@10");
    EXPECT_EQ(tree.find_phandle(0x20)->path(), "/bus/device@20/part");
    EXPECT_FALSE(tree.find("/bus/device@30"));
    EXPECT_FALSE(tree.find("/bus/last"));
    EXPECT_FALSE(tree.find("bus"));
    EXPECT_EQ(tree.find("/bus/device@20")->reg().at(0).address, 0x20U);
    EXPECT_TRUE(tree.find("/last")->properties().empty());
    const auto below = tree.root().children();
    ASSERT_EQ(below.size(), 2U);
    EXPECT_EQ(below[1].name(), "last");
    const auto devices = below[0].children();
    ASSERT_EQ(devices.size(), 2U);
    EXPECT_EQ(devices[1].path(), "/bus/device@20");
    EXPECT_EQ(devices[1].reg().at(0).address, 0x20U);
}

/// libfdt lets it pass, but there is nothing to read from.
TEST(ATree, HasARoot)
{
    auto blob = Writer{}.finish();
    const auto structure = fdt_off_dt_struct(blob.data());
    fdt32_st(blob.data() + structure, FDT_NOP);
    fdt32_st(blob.data() + structure + 4, FDT_NOP);
    fdt32_st(blob.data() + structure + 8, FDT_NOP);
    EXPECT_THROW((Tree{blob, "rootless"}), Error);
}

TEST(ATree, TellsWhatIsMissingFromWhatIsWrong)
{
    const auto blob = example();
    const Tree tree{blob, "example"};
    EXPECT_FALSE(tree.find("/nowhere"));
    EXPECT_FALSE(tree.find_phandle(77));
    EXPECT_TRUE(tree.root().cells("nothing").empty());
    EXPECT_THROW(static_cast<void>(tree.root().cell("nothing")), Error);
    try
    {
        static_cast<void>(tree.find("/device@100000000")->cells("odd"));
        FAIL();
    }
    catch (const Error& error)
    {
        EXPECT_STREQ(error.what(), "read odd of /device@100000000: it should be whole cells of 4 "
                                   "bytes: Invalid argument");
    }
}

TEST(ATree, WithAnyByteChangedIsRefusedOrReadable)
{
    const auto whole = example();
    std::mt19937 random{1};
    for (int round = 0; round < 5'000; ++round)
    {
        auto blob = whole;
        blob[random() % blob.size()] = static_cast<std::byte>(random());
        try
        {
            const Tree tree{blob, "changed"};
            static_cast<void>(tree.find("/device@100000000"));
            static_cast<void>(tree.find_phandle(1));
            for (const Node& node : tree.root().children())
            {
                static_cast<void>(node.path());
                static_cast<void>(node.reg());
                static_cast<void>(node.strings("compatible"));
            }
        }
        catch (const Error&)
        {
        }
    }
}

TEST(ATree, OfAnOldFormatIsRefused)
{
    std::vector<std::byte> blob = example();
    fdt_set_version(blob.data(), 3);
    fdt_set_last_comp_version(blob.data(), 1);
    try
    {
        const Tree tree{blob, "old"};
        FAIL() << "it should not be taken";
    }
    catch (const Error& error)
    {
        EXPECT_STREQ(error.what(), "read device tree old: FDT_ERR_BADVERSION: Invalid argument");
    }
}

TEST(ATree, WhosePropertyRunsBackwardsIsRefused)
{
    // The property's length, by which libfdt 1.6 is led into the value, to its own tag, before it.
    for (const std::uint32_t length : {0xffff'ffffU, 0xffff'fff4U, 0xffff'fff0U, 0x8000'0000U})
    {
        Writer writer;
        writer.cell("marked", 0);
        auto blob = std::move(writer).finish();
        const std::size_t property = fdt_off_dt_struct(blob.data()) + 2 * sizeof(fdt32_t);
        ASSERT_EQ(fdt32_ld(reinterpret_cast<fdt32_t*>(blob.data() + property)), FDT_PROP);
        fdt32_st(blob.data() + property + sizeof(fdt32_t), length);
        EXPECT_THROW((Tree{blob, "backwards"}), Error) << length;
    }
}

TEST(ATree, WhosePropertyRunsPastItsEndIsRefused)
{
    Writer writer;
    writer.bytes("last", std::vector<std::byte>(5));
    const auto blob = std::move(writer).finish();
    const std::size_t length = fdt_off_dt_struct(blob.data()) + 3 * sizeof(fdt32_t);
    for (std::uint32_t size = 0; size < 300; ++size)
    {
        auto other = blob;
        fdt32_st(other.data() + length, size);
        try
        {
            const Tree tree{other, "longer"};
            EXPECT_LE(size, 8U); // up to where the property ends, with its padding
            EXPECT_EQ(tree.root().properties()[0].value.size(), size);
        }
        catch (const Error&)
        {
            EXPECT_NE(size, 5U);
        }
    }
}

TEST(AWriter, GrowsAsFarAsItsTreeDoes)
{
    constexpr std::uint32_t count = 5000;
    Writer writer;
    for (std::uint32_t index = 0; index < count; ++index)
    {
        const auto node = writer.node("node-" + std::to_string(index));
        writer.cell("number", index);
    }
    const auto blob = std::move(writer).finish();
    const Tree tree{blob, "large"};
    const auto nodes = tree.root().children();
    ASSERT_EQ(nodes.size(), count);
    EXPECT_EQ(nodes.back().cell("number"), count - 1);
}

TEST(AWriter, RefusesAPropertyAfterAChild)
{
    Writer writer;
    {
        const auto node = writer.node("child");
    }
    EXPECT_THROW(writer.cell("late", 1), Error);
}

} // namespace

} // namespace aliasvm::fdt
