// SPDX-License-Identifier: Apache-2.0
// The console, on a pseudo terminal as a person has it, and in a pipe as a script has it.
#include "fake_daemon.hpp"
#include "run_cli.hpp"

#include "tests/fakes/private_bus.hpp"

#include "cli/failure.hpp"
#include "cli/pump.hpp"
#include "common/bus/names.hpp"

#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::cli
{
namespace
{

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Polls until it is so; sanitizers make a start slow.
bool eventually(const std::function<bool()>& so)
{
    for (int i = 0; i < 1000; ++i)
    {
        if (so())
            return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

/// What comes within 10 s up to `last`.
std::string read_until(int fd, const std::string& last)
{
    std::string all;
    pollfd polled{fd, POLLIN, 0};
    while (all.find(last) == std::string::npos && ::poll(&polled, 1, 10'000) > 0)
    {
        char bytes[4096];
        const ssize_t got = ::read(fd, bytes, sizeof bytes);
        if (got <= 0)
            break;
        all.append(bytes, static_cast<std::size_t>(got));
    }
    return all;
}

void send(int fd, const std::string& text)
{
    ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

/// aliasvm console on a terminal of its own.
class OnATerminal : public testing::Test
{
protected:
    void SetUp() override
    {
        daemon_.serve();
        int controller = -1;
        ASSERT_EQ(::openpty(&controller, &terminal_, nullptr, nullptr, nullptr), 0);
        controller_ = UniqueFd{controller};
        ASSERT_EQ(::tcgetattr(terminal_, &before_), 0);
    }
    void TearDown() override
    {
        ::close(terminal_);
        if (child_ > 0 && !ended_)
        {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
    }

    void start(std::vector<std::string> more = {})
    {
        std::vector<std::string> arguments{"--bus", bus_.address(), "console", "left"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const auto line = command_line(arguments);
        child_ = ::fork();
        if (child_ == 0)
        {
            ::setsid();
            for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
                ::dup2(terminal_, fd);
            exec_line(line);
        }
        ASSERT_TRUE(eventually([this] { return (mode().c_lflag & ICANON) == 0; }))
            << "the terminal did not become raw";
    }
    [[nodiscard]] termios mode() const
    {
        termios now{};
        ::tcgetattr(terminal_, &now);
        return now;
    }
    int wait()
    {
        int status = -1;
        ended_ = eventually([&] { return ::waitpid(child_, &status, WNOHANG) == child_; });
        return ended_ ? status : -1;
    }
    void expect_terminal_as_it_was() const
    {
        const termios now = mode();
        EXPECT_EQ(now.c_lflag, before_.c_lflag);
        EXPECT_EQ(now.c_iflag, before_.c_iflag);
        EXPECT_EQ(now.c_oflag, before_.c_oflag);
    }

    fakes::PrivateBus bus_;
    FakeDaemon daemon_{bus_.address()};
    UniqueFd controller_;
    int terminal_{-1};
    pid_t child_{};
    bool ended_{};
    termios before_{};
};

TEST_F(OnATerminal, CopiesBothWaysUntilTheEscape)
{
    start();
    EXPECT_THAT(read_until(controller_.get(), "leaves"), HasSubstr("console of left; ^] leaves"));
    send(daemon_.console().get(), "login: ");
    EXPECT_THAT(read_until(controller_.get(), "login: "), HasSubstr("login: "));
    send(controller_.get(), "root\r\x03"); // ^C is for the guest
    EXPECT_EQ(read_until(daemon_.console().get(), "\x03"), "root\r\x03");
    send(controller_.get(), "last\x1d not sent");
    EXPECT_EQ(read_until(daemon_.console().get(), "last"), "last");
    const int status = wait();
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_THAT(read_until(controller_.get(), "left the console"), HasSubstr("left the console"));
    expect_terminal_as_it_was();
}

TEST_F(OnATerminal, TheEscapeCanBeAnotherKey)
{
    start({"--escape", "^a"});
    send(controller_.get(), "\x1d\x01");
    EXPECT_EQ(read_until(daemon_.console().get(), "\x1d"), "\x1d");
    EXPECT_EQ(wait(), 0);
    expect_terminal_as_it_was();
}

TEST_F(OnATerminal, AVmThatEndsGivesTheTerminalBack)
{
    start();
    send(daemon_.console().get(), "bye");
    daemon_.close_console();
    EXPECT_EQ(wait(), 0);
    EXPECT_THAT(read_until(controller_.get(), "closed"), HasSubstr("bye"));
    expect_terminal_as_it_was();
}

TEST_F(OnATerminal, TheEscapeIsFoundWhileTheGuestReadsNothing)
{
    start();
    // More than the socket and our own buffer take: the rest is dropped.
    const std::string typed(4096, 'x');
    for (int i = 0; i < 200; ++i)
        send(controller_.get(), typed);
    send(controller_.get(), "\x1d");
    EXPECT_EQ(wait(), 0);
    expect_terminal_as_it_was();
}

class EndingSignals : public OnATerminal, public testing::WithParamInterface<int>
{
};

TEST_P(EndingSignals, GiveTheTerminalBackAndStillEndTheProcess)
{
    start();
    ::kill(child_, GetParam());
    const int status = wait();
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), GetParam());
    expect_terminal_as_it_was();
}

INSTANTIATE_TEST_SUITE_P(All, EndingSignals,
                         testing::Values(SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGALRM),
                         [](const auto& each)
                         { return std::string{"Signal"} + ::sigabbrev_np(each.param); });

TEST_F(OnATerminal, AStopGivesTheTerminalBackAndAContinuationTakesItAgain)
{
    start();
    ::kill(child_, SIGSTOP); // makes sure that the test can tell a stop
    int status = 0;
    ASSERT_EQ(::waitpid(child_, &status, WUNTRACED), child_);
    ::kill(child_, SIGCONT);
    ASSERT_TRUE(eventually([this] { return (mode().c_lflag & ICANON) == 0; }));
    ::kill(child_, SIGTSTP);
    // An orphaned process group is not stopped by SIGTSTP; either way the mode must follow.
    std::this_thread::sleep_for(100ms);
    if (::waitpid(child_, &status, WUNTRACED | WNOHANG) == child_)
    {
        ASSERT_TRUE(WIFSTOPPED(status));
        expect_terminal_as_it_was();
    }
    ::kill(child_, SIGCONT);
    ASSERT_TRUE(eventually([this] { return (mode().c_lflag & ICANON) == 0; }));
    send(controller_.get(), "\x1d");
    EXPECT_EQ(wait(), 0);
    expect_terminal_as_it_was();
}

TEST(ConsoleInAPipe, SendsAllOfStdinAndPrintsUntilTheVmCloses)
{
    const fakes::PrivateBus bus;
    FakeDaemon daemon{bus.address()};
    daemon.serve();
    std::string sent;
    std::thread guest{[&]
                      {
                          sent = read_until(daemon.console().get(), "never");
                          send(daemon.console().get(), "all of it\n");
                          daemon.close_console();
                      }};
    std::string all(300'000, 'a');
    all += "\x1d end"; // no escape here
    const Outcome outcome = run_cli({"--bus", bus.address(), "console", "left"}, all);
    guest.join();
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "all of it\n");
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(sent, all);
}

TEST(ConsoleInAPipe, SaysWhichPhysicalPortItIs)
{
    const fakes::PrivateBus bus;
    FakeDaemon daemon{bus.address()};
    daemon.failures["OpenConsole"] = {
        bus::error_name::console_is_physical,
        "the console of right is uart0, which is uart1 (ff010000.serial): look at that port"};
    daemon.serve();
    const Outcome outcome = run_cli({"--bus", bus.address(), "console", "right"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err, "aliasvm: the console of right is uart0, which is uart1 "
                           "(ff010000.serial): look at that port\n");
}

TEST(Escape, IsWrittenAsPeopleWriteControlCharacters)
{
    EXPECT_EQ(parse_escape("^]"), '\x1d');
    EXPECT_EQ(parse_escape("^A"), '\x01');
    EXPECT_EQ(parse_escape("^a"), '\x01');
    EXPECT_EQ(parse_escape("^@"), '\0');
    EXPECT_EQ(parse_escape("~"), '~');
    EXPECT_EQ(parse_escape("^"), '^');
    EXPECT_EQ(parse_escape("none"), std::nullopt);
    EXPECT_THROW(static_cast<void>(parse_escape("")), BadUsage);
    EXPECT_THROW(static_cast<void>(parse_escape("^1")), BadUsage);
    EXPECT_THROW(static_cast<void>(parse_escape("^aa")), BadUsage);
}

} // namespace
} // namespace aliasvm::cli
