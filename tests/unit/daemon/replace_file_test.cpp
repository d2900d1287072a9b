// SPDX-License-Identifier: Apache-2.0
// Old or new, whatever happens.
#include "daemon/files/replace_file.hpp"

#include "temporary_folder.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::daemon
{
namespace
{

namespace fs = std::filesystem;
using testing::ElementsAre;

std::set<std::string> names_in(const fs::path& folder)
{
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator{folder})
        names.insert(entry.path().filename().string());
    return names;
}

TEST(ReplaceFile, MakesANewFileThatAllCanRead)
{
    const TemporaryFolder folder;
    replace_file(folder / "left.toml", "vcpus = 1\n");
    EXPECT_EQ(text_of(folder / "left.toml"), "vcpus = 1\n");
    EXPECT_EQ(fs::status(folder / "left.toml").permissions(), fs::perms{0644});
    EXPECT_THAT(names_in(folder.path()), ElementsAre("left.toml"));
}

TEST(ReplaceFile, KeepsModeAndOwner)
{
    const TemporaryFolder folder;
    put_text(folder / "left.toml", "old, and longer than what comes");
    fs::permissions(folder / "left.toml", fs::perms{0640});
    if (::geteuid() == 0)
    {
        ASSERT_EQ(::chown((folder / "left.toml").c_str(), 12, 34), 0);
    }
    replace_file(folder / "left.toml", "new");
    struct stat status
    {
    };
    ASSERT_EQ(::stat((folder / "left.toml").c_str(), &status), 0);
    EXPECT_EQ(text_of(folder / "left.toml"), "new");
    EXPECT_EQ(status.st_mode & 07777, 0640U);
    if (::geteuid() == 0)
    {
        EXPECT_EQ(status.st_uid, 12U);
        EXPECT_EQ(status.st_gid, 34U);
    }
}

TEST(ReplaceFile, ReplacesWhatASymbolicLinkPointsAt)
{
    const TemporaryFolder folder;
    put_text(folder.path() / "real/left.toml", "old");
    fs::create_symlink("real/left.toml", folder.path() / "left.toml");
    replace_file(folder / "left.toml", "new");
    EXPECT_TRUE(fs::is_symlink(folder.path() / "left.toml"));
    EXPECT_EQ(text_of(folder.path() / "real/left.toml"), "new");
}

TEST(ReplaceFile, TakesOnlyItsOwnLeftoversAway)
{
    const TemporaryFolder folder;
    for (const char* name : {".left.toml.new-abc123", ".left.toml.new-abc1234", "left.toml.new",
                             ".right.toml.new-abc123"})
        put_text(folder / name, "half");
    replace_file(folder / "left.toml", "new");
    EXPECT_THAT(names_in(folder.path()),
                ElementsAre(".left.toml.new-abc1234", ".right.toml.new-abc123", "left.toml",
                            "left.toml.new"));
}

TEST(ReplaceFile, LeavesTheOldFileAndNothingElseWhenItFails)
{
    const TemporaryFolder folder;
    // A folder cannot be replaced by a file: the rename, the last step, fails.
    put_text(folder.path() / "left.toml/inside", "old");
    EXPECT_THROW(replace_file(folder / "left.toml", "new"), Error);
    EXPECT_THAT(names_in(folder.path()), ElementsAre("left.toml"));
    EXPECT_THROW(replace_file(folder / "missing/left.toml", "new"), Error);
    EXPECT_THAT(names_in(folder.path()), ElementsAre("left.toml"));
}

TEST(ReplaceFile, LeavesTheOldTextOrTheNewWheneverItIsKilled)
{
    // In memory if possible: a disk would take most of the time, where nothing can be killed.
    const fs::path memory = "/dev/shm";
    const TemporaryFolder folder{fs::exists(memory) ? memory : fs::temp_directory_path()};
    const std::string file = folder / "left.toml";
    const std::string one(20'000, '1');
    const std::string two(30'000, '2');
    put_text(file, one);
    std::mt19937 random{8};
    int left_over = 0;
    for (int run = 0; run < 300; ++run)
    {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0)
        {
            for (;;)
            {
                replace_file(file, one);
                replace_file(file, two);
            }
        }
        ::usleep(static_cast<useconds_t>(random() % 3000));
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "it was to be killed, and not to end by itself";
        const std::string text = text_of(file);
        ASSERT_TRUE(text == one || text == two) << text.size();
        left_over += names_in(folder.path()).size() > 1 ? 1 : 0;
    }
    EXPECT_GT(left_over, 0) << "some were killed half-way, or this shows nothing";
    replace_file(file, one);
    EXPECT_THAT(names_in(folder.path()), ElementsAre("left.toml"));
}

} // namespace
} // namespace aliasvm::daemon
