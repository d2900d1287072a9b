// SPDX-License-Identifier: Apache-2.0
// One binding changes, and nothing else.
#include "daemon/files/config_edit.hpp"

#include "common/base/error.hpp"
#include "common/plan/config.hpp"

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::daemon
{
namespace
{

using testing::AllOf;
using testing::HasSubstr;

std::string edit(std::string_view text, std::string_view alias, std::string_view instance)
{
    return with_binding(text, "left.toml", alias, instance);
}

TEST(WithBinding, ChangesTheShortForm)
{
    EXPECT_EQ(edit("# a\n[alias] # b\nuart0 = \"uart1\" # c\nttc0  = \"\"\n", "uart0", "uart0"),
              "# a\n[alias] # b\nuart0 = \"uart0\" # c\nttc0  = \"\"\n");
}

TEST(WithBinding, ChangesDottedKeysInlineTablesAndTheLongForm)
{
    EXPECT_EQ(edit("alias.uart0 = 'x'\nvcpus=1", "uart0", ""), "alias.uart0 = ''\nvcpus=1");
    EXPECT_EQ(edit("alias . \"uart0\" . instance='x'", "uart0", "y"),
              "alias . \"uart0\" . instance='y'");
    EXPECT_EQ(edit("alias = { ttc0 = \"ttc0\", uart0 = \"x\" }\n", "uart0", "y"),
              "alias = { ttc0 = \"ttc0\", uart0 = \"y\" }\n");
    EXPECT_EQ(edit("alias = { uart0 = { spis = [1], instance = \"x\" } }\n", "uart0", "y"),
              "alias = { uart0 = { spis = [1], instance = \"y\" } }\n");
    EXPECT_EQ(edit("[alias.uart0]\r\nspis = [21]\r\ninstance = \"x\"\r\n", "uart0", "y"),
              "[alias.uart0]\r\nspis = [21]\r\ninstance = \"y\"\r\n");
    EXPECT_EQ(edit("[alias]\nuart0.instance = \"x\"\n", "uart0", "y"),
              "[alias]\nuart0.instance = \"y\"\n");
    EXPECT_EQ(edit("[alias]\nuart0 = { instance = \"x\" } # z\n", "uart0", "y"),
              "[alias]\nuart0 = { instance = \"y\" } # z\n");
}

TEST(WithBinding, KeepsTheQuotesWhereTheyCanHoldTheName)
{
    EXPECT_EQ(edit("[alias]\na = 'x'", "a", "it's"), "[alias]\na = \"it's\"");
    EXPECT_EQ(edit("[alias]\na = '''x'''", "a", "y"), "[alias]\na = '''y'''");
    EXPECT_EQ(edit("[alias]\na = \"\"\"\nx\"\"\" # c", "a", "say \"y\""),
              "[alias]\na = \"\"\"say \\\"y\\\"\"\"\" # c");
    EXPECT_EQ(edit("[alias]\na = \"x\"", "a", "b\\\n"), "[alias]\na = \"b\\\\\\u000A\"");
}

TEST(WithBinding, AddsAMissingAliasAfterTheLastKeyOfItsForm)
{
    EXPECT_EQ(edit("[alias]\nuart0 = \"x\" # c\n\n# d\n[alias.can0]\ninstance = \"can1\"\n", "ttc0",
                   "ttc1"),
              "[alias]\nuart0 = \"x\" # c\nttc0 = \"ttc1\"\n\n# d\n[alias.can0]\ninstance = "
              "\"can1\"\n");
    EXPECT_EQ(
        edit("[alias]\r\n  can0.instance = 'c'\r\n  can0.spis = [\r\n 1 # ]\r\n ]\r\n", "a", "b"),
        "[alias]\r\n  can0.instance = 'c'\r\n  can0.spis = [\r\n 1 # ]\r\n ]\r\n  a = "
        "\"b\"\r\n");
    EXPECT_EQ(edit("[alias]\nuart0 = \"x\"", "a", "b"), "[alias]\nuart0 = \"x\"\na = \"b\"");
    EXPECT_EQ(edit("[alias] # none yet\n\n# end\n", "a", "b"),
              "[alias] # none yet\na = \"b\"\n\n# end\n");
    EXPECT_EQ(edit("[alias]", "a", "b"), "[alias]\na = \"b\"");
    EXPECT_EQ(edit("alias = { uart0 = \"x\" } # c\n", "a", "b"),
              "alias = { uart0 = \"x\", a = \"b\" } # c\n");
    EXPECT_EQ(edit("alias = {}\n", "a", "b"), "alias = { a = \"b\" }\n");
    EXPECT_EQ(edit("alias.uart0 = \"x\"\nvcpus = 1\n", "a", "b"),
              "alias.uart0 = \"x\"\nalias.a = \"b\"\nvcpus = 1\n");
    EXPECT_EQ(edit("alias.c.instance = \"x\"\n[alias.d]\ninstance = \"y\"\n", "a", "b"),
              "alias.c.instance = \"x\"\nalias.a = \"b\"\n[alias.d]\ninstance = \"y\"\n");
}

TEST(WithBinding, AddsATableWhereThereIsNone)
{
    EXPECT_EQ(edit("", "a", "b"), "[alias]\na = \"b\"\n");
    EXPECT_EQ(edit("vcpus = 1", "a", "b"), "vcpus = 1\n\n[alias]\na = \"b\"\n");
    EXPECT_EQ(edit("vcpus = 1\r\n", "a", "b"), "vcpus = 1\r\n\r\n[alias]\r\na = \"b\"\r\n");
    EXPECT_EQ(edit("[alias.c]\ninstance = \"x\"\n", "a", "b"),
              "[alias.c]\ninstance = \"x\"\n\n[alias]\na = \"b\"\n");
}

TEST(WithBinding, QuotesAnAliasThatTomlCannotHaveBare)
{
    EXPECT_EQ(edit("[alias]\n", "a.b", "c"), "[alias]\n\"a.b\" = \"c\"\n");
}

TEST(WithBinding, LeavesATextAloneThatSaysItAlready)
{
    const std::string text = "[alias]\nuart0 = \"\"\"\\\n  uart1\"\"\"\n";
    EXPECT_EQ(edit(text, "uart0", "uart1"), text);
}

TEST(WithBinding, SaysWhereItCannotAndWhatToDo)
{
    const auto message = [](const char* text)
    {
        try
        {
            return edit(text, "uart0", "y");
        }
        catch (const Error& error)
        {
            return std::string{error.what()};
        }
    };
    EXPECT_THAT(message("vcpus = \n"), HasSubstr("left.toml:1:"));
    EXPECT_THAT(message("\nalias = 3\n"), AllOf(HasSubstr("left.toml:2:9"), HasSubstr("[alias]")));
    EXPECT_THAT(message("[[alias]]\nuart0 = \"x\"\n"), HasSubstr("not a table"));
    EXPECT_THAT(message("[alias]\nuart0 = 3\n"),
                AllOf(HasSubstr("left.toml:2:9"), HasSubstr("double quotes")));
    EXPECT_THAT(message("[alias.uart0]\nspis = [1]\n"),
                AllOf(HasSubstr("left.toml:1:1"), HasSubstr("instance = \"\"")));
}

/// Writes configurations in all the ways that TOML has for one.
class Writer
{
public:
    explicit Writer(std::mt19937& random) : random_{random} {}

    std::string configuration()
    {
        end_ = one_in(3) ? "\r\n" : "\n";
        std::string text = one_in(6) ? "\xef\xbb\xbf" : "";
        text += noise() + line("memory = \"64M\"") + line("kernel = '/x/\xc3\xbc'") + noise();
        switch (random_() % 5)
        {
        case 0:
            text += line("alias" + space() + "=" + space() + inline_table());
            break;
        case 1:
            for (const auto& alias : some_aliases())
                text += line(indent() + "alias." + binding(alias)) + noise();
            break;
        case 2:
            text += long_forms() + noise() + line("[" + space() + "alias ]") + short_forms();
            break;
        case 3:
            text += line("[\"alias\"]") + short_forms() + long_forms();
            break;
        default:
            break;
        }
        text += noise();
        if (one_in(4) && text.ends_with(end_))
            text.resize(text.size() - end_.size());
        return text;
    }

private:
    bool one_in(unsigned n) { return random_() % n == 0; }
    std::string space() { return std::string(random_() % 3, one_in(4) ? '\t' : ' '); }
    std::string indent() { return one_in(4) ? space() : ""; }
    std::string line(const std::string& text)
    {
        return text + (one_in(3) ? space() + "# \xe2\x86\x92 \"[alias]\" '" : "") + end_;
    }
    std::string noise()
    {
        std::string text;
        while (one_in(2))
            text += one_in(2) ? end_ : line(space() + "# uart0 = \"x\"");
        return text;
    }
    std::string value()
    {
        static const std::vector<std::string> values{"\"uart1\"",
                                                     "'uart1'",
                                                     "\"\"",
                                                     "''",
                                                     "\"\xc3\xbc\xe2\x86\x92\"",
                                                     "\"a \\\" ] } # b\"",
                                                     "'''it's'''",
                                                     "\"\"\"two \"\" quotes\"\"\""};
        if (one_in(8))
            return "\"\"\"" + end_ + "several" + end_ + "lines\"\"\"";
        return one_line_value(values);
    }
    std::string one_line_value(const std::vector<std::string>& values)
    {
        return values[random_() % values.size()];
    }
    std::string key(const std::string& alias)
    {
        return one_in(4) ? "\"" + alias + "\"" : (one_in(5) ? "'" + alias + "'" : alias);
    }
    std::string equals() { return space() + "=" + space(); }
    std::string table_of_alias()
    {
        std::string text = "{" + space() + "instance" + equals() + "\"\xc3\xbc\"";
        if (one_in(2))
            text += ", address = 0xff06_0000";
        if (one_in(2))
            text += space() + "," + space() + "spis = [ 1, 2 ]";
        return text + space() + "}";
    }
    std::string binding(const std::string& alias)
    {
        switch (random_() % 4)
        {
        case 0:
            return key(alias) + equals() + table_of_alias();
        case 1:
            return key(alias) + space() + "." + space() + "instance" + equals() + value();
        default:
            return key(alias) + equals() + value();
        }
    }
    std::vector<std::string> some_aliases()
    {
        std::vector<std::string> names{"uart0", "ttc0", "can0"};
        std::ranges::shuffle(names, random_);
        names.resize(1 + random_() % 3);
        return names;
    }
    std::string inline_table()
    {
        std::string text = "{" + space();
        const char* separator = "";
        if (!one_in(4))
        {
            for (const auto& alias : some_aliases())
            {
                text += separator + space() + key(alias) + equals() +
                        (one_in(2) ? table_of_alias() : "\"u\xc3\xbc\"") + space();
                separator = ",";
            }
        }
        return text + "}";
    }
    std::string short_forms()
    {
        std::string text = noise();
        if (one_in(4))
            return text;
        for (const auto& alias : some_aliases())
            text += line(indent() + binding(alias)) + noise();
        return text;
    }
    std::string long_forms()
    {
        std::string text;
        for (const char* alias : {"plc", "gem0"})
        {
            if (one_in(2))
                continue;
            text += line(indent() + "[alias." + key(alias) + "]") + noise();
            if (one_in(2))
                text += line("spis = [" + end_ + " 1, # ]" + end_ + " 2 ]");
            text += line(indent() + "instance" + equals() + value()) + noise();
        }
        return text;
    }

    std::mt19937& random_;
    std::string end_;
};

/// How many characters the two have in common at their beginnings and at their ends.
std::size_t in_common(const std::string& one, const std::string& other)
{
    const auto front = std::ranges::mismatch(one, other).in1 - one.begin();
    const auto back =
        std::mismatch(one.rbegin(), one.rend(), other.rbegin(), other.rend()).first - one.rbegin();
    return static_cast<std::size_t>(front + back);
}

TEST(WithBinding, ChangesTheBindingAndNothingElseOfAnyConfiguration)
{
    std::mt19937 random{9};
    Writer writer{random};
    int present = 0;
    for (int round = 0; round < 1000; ++round)
    {
        const std::string text = writer.configuration();
        const auto before = plan::parse_config(text, "left.toml", *VmName::from("left"));
        ASSERT_TRUE(before.readable) << text << to_string(before.problems.front());
        for (const char* alias : {"uart0", "ttc0", "can0", "plc", "gem0", "new"})
        {
            SCOPED_TRACE(text);
            const std::string after_text = edit(text, alias, "a new instance");
            const auto after = plan::parse_config(after_text, "left.toml", *VmName::from("left"));
            ASSERT_TRUE(after.readable);
            const auto find = [alias](const plan::Config& config)
            {
                return std::ranges::find_if(config.aliases, [alias](const plan::AliasConfig& one)
                                            { return one.name.value == alias; });
            };
            ASSERT_NE(find(after), after.aliases.end()) << after_text;
            EXPECT_EQ(find(after)->instance.value, "a new instance");
            const bool was_there = find(before) != before.aliases.end();
            present += was_there ? 1 : 0;
            EXPECT_EQ(after.aliases.size(), before.aliases.size() + (was_there ? 0 : 1));
            // One place is cut out, or added to; the rest is there to the last character.
            const std::size_t literal = was_there ? find(before)->instance.value.size() + 20 : 0;
            EXPECT_GE(in_common(text, after_text) + literal, text.size()) << after_text;
            // And it leads back.
            EXPECT_EQ(edit(after_text, alias, "a new instance"), after_text);
        }
    }
    EXPECT_GT(present, 500);
}

} // namespace
} // namespace aliasvm::daemon
