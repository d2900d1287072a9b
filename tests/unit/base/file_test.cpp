// SPDX-License-Identifier: Apache-2.0
// Files that somebody named: regular ones are read, all others are refused without waiting.
#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "tests/unit/machine/temporary_file.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace aliasvm
{
namespace
{

/// The errno and the words of an Error; 0 if there is none.
std::pair<int, std::string> failure_of(const std::function<void()>& act)
{
    try
    {
        act();
    }
    catch (const Error& error)
    {
        return {error.code().value(), error.what()};
    }
    return {0, ""};
}

std::string refusal(const std::string& path)
{
    const auto [number, words] = failure_of([&] { static_cast<void>(read_file(path)); });
    EXPECT_EQ(number, EINVAL) << words;
    return words.substr(0, words.find(", which is") + 10) == "open " + path + ", which is"
               ? words.substr(words.find(", which is") + 11)
               : words;
}

/// A name that nothing has, gone again with the test whatever it has become.
class Name
{
public:
    explicit Name(const std::string& suffix) : path_{place_.path() + suffix} {}
    ~Name() { ::unlink(path_.c_str()); }
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    tests::TemporaryFile place_{""};
    std::string path_;
};

TEST(AFile, IsReadWhole)
{
    const tests::TemporaryFile file{"seven\n."};
    const auto bytes = read_file(file.path());
    ASSERT_EQ(bytes.size(), 7U);
    EXPECT_EQ(std::memcmp(bytes.data(), "seven\n.", 7), 0);
    EXPECT_TRUE(read_file(tests::TemporaryFile{""}.path()).empty());
}

TEST(AFile, ThatALinkLeadsToIsRead)
{
    const tests::TemporaryFile file{"target"};
    const Name link{".link"};
    ASSERT_EQ(::symlink(file.path().c_str(), link.path().c_str()), 0);
    EXPECT_EQ(read_file(link.path()).size(), 6U);
}

// Each of these waits for ever, or until the test's time is over, if it is opened as a file.
TEST(WhatIsNoRegularFile, IsRefusedAndNotWaitedFor)
{
    const Name pipe{".fifo"};
    ASSERT_EQ(::mkfifo(pipe.path().c_str(), 0600), 0);
    EXPECT_EQ(refusal(pipe.path()), "a pipe and no regular file: Invalid argument");

    const Name link{".link"};
    ASSERT_EQ(::symlink(pipe.path().c_str(), link.path().c_str()), 0);
    EXPECT_EQ(refusal(link.path()), "a pipe and no regular file: Invalid argument");

    EXPECT_EQ(refusal("/dev/null"), "a device and no regular file: Invalid argument");

    const Name socket{".sock"};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(socket.path().size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, socket.path().c_str(), socket.path().size());
    const UniqueFd listening{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    ASSERT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(refusal(socket.path()), "a socket and no regular file: Invalid argument");
}

TEST(WhatIsNoRegularFile, KeepsItsOwnErrors)
{
    EXPECT_EQ(failure_of([] { static_cast<void>(read_file("/nowhere/at/all")); }).first, ENOENT);
    const auto [number, words] = failure_of([] { static_cast<void>(read_file("/")); });
    EXPECT_EQ(number, EISDIR);
    EXPECT_EQ(words, "open /, which is a folder and no regular file: Is a directory");
}

} // namespace
} // namespace aliasvm
