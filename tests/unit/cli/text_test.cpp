// SPDX-License-Identifier: Apache-2.0
// JSON, UTF-8 and columns: the forms that everything is printed in.
#include "cli/columns.hpp"
#include "cli/json.hpp"
#include "cli/utf8.hpp"

#include <gtest/gtest.h>

namespace aliasvm::cli
{
namespace
{

TEST(JsonText, NestsWithCommasBetween)
{
    Json json;
    json.object().key("a").number(UINT64_MAX).key("b").array().text("x").boolean(false).null();
    json.object().end().array().end().end().key("c").real(1.25).end();
    EXPECT_EQ(json.line(),
              "{\"a\":18446744073709551615,\"b\":[\"x\",false,null,{},[]],\"c\":1.2}\n");
}

TEST(JsonText, EscapesWhatMustBe)
{
    Json json;
    json.array().text("\"\\/\n\t\x01\x7f").text("\u00e4\U0001f600").end();
    EXPECT_EQ(json.line(), "[\"\\\"\\\\/\\n\\u0009\\u0001\\u007f\",\"\u00e4\U0001f600\"]\n");
}

TEST(Utf8, KeepsWhatIsWellFormed)
{
    const std::string good = "a\u00e4\u20ac\U0001f600\U0010ffff";
    EXPECT_EQ(valid_utf8(good), good);
    EXPECT_EQ(valid_utf8(std::string{"\0", 1}), (std::string{"\0", 1}));
}

TEST(Utf8, ReplacesEachByteThatIsNot)
{
    const std::string r = "\xef\xbf\xbd";
    EXPECT_EQ(valid_utf8("a\xff"
                         "b"),
              "a" + r + "b");
    EXPECT_EQ(valid_utf8("\x80"), r);         // continues nothing
    EXPECT_EQ(valid_utf8("\xc0\xaf"), r + r); // longer than needed
    EXPECT_EQ(valid_utf8("\xe0\x80\x80"), r + r + r);
    EXPECT_EQ(valid_utf8("\xed\xa0\x80"), r + r + r); // a surrogate
    EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80"), r + r + r + r);
    EXPECT_EQ(valid_utf8("\xe2\x82"), r + r); // cut off
    EXPECT_EQ(valid_utf8("\xc3("), r + "(");
}

TEST(ColumnsText, AreAsWideAsTheWidestCellAndEndWithoutBlanks)
{
    Columns columns;
    columns.row({"a", "bb", "c"});
    columns.row({"aaaa", "b", ""});
    columns.row({"just one that is much longer"});
    EXPECT_EQ(columns.text(), "a     bb  c\naaaa  b\njust one that is much longer\n");
}

TEST(ColumnsText, ColoursHaveNoWidth)
{
    Columns columns{true};
    columns.row({{"x", Colour::red}, "y"});
    columns.row({"xxx", "y"});
    EXPECT_EQ(columns.text(), "\033[1;31mx\033[0m    y\nxxx  y\n");
}

} // namespace
} // namespace aliasvm::cli
