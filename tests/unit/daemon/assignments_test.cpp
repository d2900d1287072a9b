// SPDX-License-Identifier: Apache-2.0
// What is set is found, also by the next daemon.
#include "daemon/files/assignments.hpp"

#include "temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::daemon
{
namespace
{

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(Assignments, AreFoundAgainByTheNextDaemon)
{
    const TemporaryFolder folder;
    Assignments assignments;
    assignments.set("left", "uart0", "uart1");
    assignments.set("left", "ttc0", "");
    assignments.set("right-2", "uart0", "uart0");
    assignments.set("odd \"name\" \\ \n", "dotted.alias", "with 'quotes' and \x7f");
    assignments.set("left", "ttc1", "ttc2", true);
    assignments.save(folder / "assignments.toml");
    const Assignments again = Assignments::load(folder / "assignments.toml");
    EXPECT_EQ(again, assignments);
    EXPECT_EQ(again.find("left", "ttc0"), "") << "released is not the same as not assigned";
    EXPECT_EQ(again.find("left", "gem0"), std::nullopt);
    EXPECT_EQ(again.find("middle", "uart0"), std::nullopt);
    EXPECT_THAT(again.of("left"),
                ElementsAre(Pair("ttc0", ""), Pair("ttc1", "ttc2"), Pair("uart0", "uart1")));
    EXPECT_TRUE(again.forced("left", "ttc1"));
    EXPECT_FALSE(again.forced("left", "uart0"));
    EXPECT_THAT(again.of("middle"), IsEmpty());
}

TEST(Assignments, AreNoneWithoutAFile)
{
    const TemporaryFolder folder;
    EXPECT_EQ(Assignments::load(folder / "assignments.toml"), Assignments{});
    Assignments{}.save(folder / "assignments.toml");
    EXPECT_EQ(Assignments::load(folder / "assignments.toml"), Assignments{});
}

TEST(Assignments, CanChangeAndGoAway)
{
    Assignments assignments;
    assignments.set("left", "uart0", "uart1");
    assignments.set("left", "uart0", "uart0");
    EXPECT_EQ(assignments.find("left", "uart0"), "uart0");
    assignments.erase("left", "gem0");
    assignments.erase("right", "uart0");
    EXPECT_EQ(assignments.find("left", "uart0"), "uart0");
    assignments.erase("left", "uart0");
    EXPECT_EQ(assignments, Assignments{});
}

TEST(Assignments, SayThatTheirFileIsDamagedAndWhatToDo)
{
    const TemporaryFolder folder;
    const std::string file = folder / "assignments.toml";
    for (const char* text : {"[left", "stray = \"uart1\"\n", "[left]\nuart0 = 1\n", "\xff\xfe",
                             "[left]\nuart0 = \"uart"})
    {
        put_text(file, text);
        try
        {
            static_cast<void>(Assignments::load(file));
            ADD_FAILURE() << text;
        }
        catch (const Error& error)
        {
            EXPECT_THAT(error.what(), AllOf(HasSubstr(file), HasSubstr("delete"))) << text;
        }
    }
}

TEST(Assignments, KeepTheOldFileWhenTheyCannotBeSaved)
{
    EXPECT_THROW(Assignments{}.save("/proc/nowhere/assignments.toml"), Error);
}

} // namespace
} // namespace aliasvm::daemon
