// SPDX-License-Identifier: Apache-2.0
// Where the output goes decides on its form: terminals, pipes, full disks.
#include "fake_daemon.hpp"
#include "run_cli.hpp"
#include "temporary_folder.hpp"

#include "tests/fakes/private_bus.hpp"

#include "common/base/unique_fd.hpp"

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::cli
{
namespace
{

using testing::HasSubstr;
using testing::Not;

class Output : public testing::Test
{
protected:
    Output() { daemon_.serve(); }

    /// What a command writes to a terminal.
    std::string on_terminal(std::vector<std::string> arguments, const char* no_colour, int& status)
    {
        arguments.insert(arguments.begin(), {"--bus", bus_.address()});
        const auto line = command_line(arguments);
        int controller = -1;
        const pid_t child = ::forkpty(&controller, nullptr, nullptr, nullptr);
        if (child == 0)
        {
            ::setenv("TERM", "xterm", 1);
            ::setenv("NO_COLOR", no_colour, 1);
            exec_line(line);
        }
        const UniqueFd owner{controller};
        std::string all;
        char bytes[4096];
        for (ssize_t got = 0; (got = ::read(controller, bytes, sizeof bytes)) > 0;)
            all.append(bytes, static_cast<std::size_t>(got));
        ::waitpid(child, &status, 0);
        return all;
    }

    fakes::PrivateBus bus_;
    FakeDaemon daemon_{bus_.address()};
};

TEST_F(Output, HasColoursOnATerminalUnlessNoColorIsSet)
{
    int status = -1;
    EXPECT_THAT(on_terminal({"list"}, "", status), HasSubstr("\033[32mrunning\033[0m"));
    EXPECT_EQ(status, 0);
    const std::string plain = on_terminal({"list"}, "1", status);
    EXPECT_THAT(plain, HasSubstr("running"));
    EXPECT_THAT(plain, Not(HasSubstr("\033")));
}

TEST_F(Output, OfTopIsRedrawnOnATerminal)
{
    int status = -1;
    EXPECT_THAT(on_terminal({"top", "-n", "2", "-d", "0.05"}, "", status),
                HasSubstr("\033[H\033[J"));
    EXPECT_EQ(status, 0);
}

TEST_F(Output, OfADeviceTreeIsRefusedByATerminal)
{
    int status = -1;
    EXPECT_THAT(on_terminal({"dump-dtb", "left"}, "", status),
                HasSubstr("write it to a file with -o FILE"));
    EXPECT_EQ(WEXITSTATUS(status), 2);
    EXPECT_EQ(daemon_.calls().size(), 0U);
}

TEST_F(Output, ThatIsLostIsAFailure)
{
    for (const std::string command :
         {"list", "devices --json", "map left", "dump-dtb left", "top --once"})
    {
        std::string line;
        for (const std::string& word : command_line({"--bus", bus_.address()}))
            line += '\'' + word + "' ";
        const TemporaryFolder folder;
        const std::string errors = (folder.path() / "err").string();
        const int status = std::system((line + command + " > /dev/full 2> " + errors).c_str());
        ASSERT_TRUE(WIFEXITED(status));
        EXPECT_EQ(WEXITSTATUS(status), 1) << command;
        EXPECT_EQ(std::system(("grep -q 'No space left' " + errors).c_str()), 0) << command;
    }
}

} // namespace
} // namespace aliasvm::cli
