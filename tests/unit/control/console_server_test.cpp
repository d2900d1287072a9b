// SPDX-License-Identifier: Apache-2.0
// The console over real Unix sockets.
#include "vmm/control/console_server.hpp"

#include "common/base/error.hpp"
#include "common/base/unique_fd.hpp"
#include "common/registers/uart.hpp"
#include "tests/unit/devices/fake_irq_line.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace aliasvm::control
{
namespace
{

using namespace registers::uart;
using namespace std::chrono_literals;

constexpr auto patience = 20s; // for a loaded machine; nothing waits that long when all is well

/// One who connects to the console.
class Client
{
public:
    explicit Client(const std::string& path)
        : fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)}
    {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        path.copy(to.sun_path, sizeof to.sun_path - 1);
        // NOLINTNEXTLINE: connect(2) is declared so
        connected_ = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    }
    /// One whose socket somebody else has connected.
    explicit Client(UniqueFd connected) : fd_{std::move(connected)}, connected_{fd_.ok()}
    {
        ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
    }

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] bool at_end() const { return at_end_; }

    /// What has arrived by now.
    std::string read()
    {
        std::string text;
        std::array<char, 65536> buffer{};
        for (;;)
        {
            const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
            if (count <= 0)
            {
                at_end_ = at_end_ || count == 0 || errno != EAGAIN;
                return text;
            }
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
    }
    /// Returns how many bytes the socket took.
    std::size_t write(std::string_view text)
    {
        const ssize_t count = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
        return count < 0 ? 0 : static_cast<std::size_t>(count);
    }
    void shut_down_sending() { ::shutdown(fd_.get(), SHUT_WR); }
    void close() { fd_.reset(); }

private:
    UniqueFd fd_;
    bool connected_{};
    bool at_end_{};
};

struct AConsole : testing::Test
{
    AConsole()
    {
        uart.write(cr, 4, cr_rxen | cr_txen);
        server.emplace(io, path, output, uart,
                       [this](std::uint64_t bytes) { drops.push_back(bytes); });
    }
    ~AConsole() override
    {
        server.reset();
        ::unlink(path.c_str());
        ::rmdir(folder.c_str());
    }

    static std::string make_folder()
    {
        std::string name = testing::TempDir() + "console-XXXXXX";
        return ::mkdtemp(name.data()) != nullptr ? name : std::string{};
    }

    void print(std::string_view text)
    {
        for (const char c : text)
            uart.write(fifo, 4, static_cast<unsigned char>(c));
    }
    /// All that a guest finds when it reads until its FIFO is empty.
    std::string guest_reads()
    {
        std::string text;
        while ((uart.read(sr, 4) & sr_rempty) == 0)
            text.push_back(static_cast<char>(uart.read(fifo, 4)));
        return text;
    }
    /// Runs the main loop until something is so.
    template <class Condition>
    [[nodiscard]] bool until(Condition condition)
    {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (!condition())
        {
            if (std::chrono::steady_clock::now() > end)
                return false;
            io.restart();
            if (io.poll() == 0)
                io.run_one_for(1ms);
        }
        return true;
    }
    void settle()
    {
        io.restart();
        io.run_for(20ms);
    }

    std::string folder = make_folder();
    std::string path = folder + "/console";
    boost::asio::io_context io;
    devices::FakeIrqLine irq;
    devices::ConsoleOutput output;
    devices::CadenceUart uart{irq, output};
    std::vector<std::uint64_t> drops;
    std::optional<ConsoleServer> server;
};

TEST_F(AConsole, ShowsAClientWhatTheGuestPrints)
{
    Client client{path};
    ASSERT_TRUE(client.connected());
    print("one ");
    std::string seen;
    EXPECT_TRUE(until([&] { return (seen += client.read()) == "one "; }));
    print("two");
    EXPECT_TRUE(until([&] { return (seen += client.read()) == "one two"; }));
}

TEST_F(AConsole, ReplaysWhatWasPrintedBeforeAnybodyCame)
{
    print("early");
    settle();
    Client client{path};
    std::string seen;
    EXPECT_TRUE(until([&] { return (seen += client.read()) == "early"; }));
    print(", late");
    EXPECT_TRUE(until([&] { return (seen += client.read()) == "early, late"; }));
    EXPECT_EQ(server->dropped(), 0U);
}

TEST_F(AConsole, ReplaysTheLast64KiBAndCallsTheRestNoLoss)
{
    print(std::string(1000, 'a'));
    print(std::string(devices::ReplayRing::capacity, 'b'));
    Client client{path};
    std::string seen;
    EXPECT_TRUE(until([&] { return (seen += client.read()).size() >= 65536; }));
    settle();
    EXPECT_EQ(seen + client.read(), std::string(65536, 'b'));
    EXPECT_EQ(server->dropped(), 0U);
}

TEST_F(AConsole, ShowsTwoClientsTheSameAndTakesInputFromBoth)
{
    Client left{path};
    Client right{path};
    ASSERT_TRUE(until([&] { return server->clients() == 2; }));
    print("both");
    std::string seen_left;
    std::string seen_right;
    EXPECT_TRUE(until([&] { return (seen_left += left.read()) == "both"; }));
    EXPECT_TRUE(until([&] { return (seen_right += right.read()) == "both"; }));

    std::string typed;
    left.write("l");
    EXPECT_TRUE(until([&] { return (typed += guest_reads()) == "l"; }));
    right.write("r");
    EXPECT_TRUE(until([&] { return (typed += guest_reads()) == "lr"; }));
}

TEST_F(AConsole, HasTheSameForAClientByAPairOfSockets)
{
    print("early");
    settle();
    Client client{server->connect()};
    std::string seen;
    EXPECT_TRUE(until([&] { return (seen += client.read()) == "early"; }));
    print(", late");
    EXPECT_TRUE(until([&] { return (seen += client.read()) == "early, late"; }));
    std::string typed;
    client.write("typed");
    EXPECT_TRUE(until([&] { return (typed += guest_reads()) == "typed"; }));
    EXPECT_EQ(server->clients(), 1U);
    client.close();
    EXPECT_TRUE(until([&] { return server->clients() == 0; }));
}

TEST_F(AConsole, CountsClientsByAPairOfSocketsToo)
{
    std::vector<UniqueFd> clients;
    for (std::size_t i = 0; i < ConsoleServer::most_clients; ++i)
        clients.push_back(server->connect());
    Client one_more{server->connect()};
    EXPECT_EQ(one_more.read(), "console: too many clients\r\n");
    EXPECT_TRUE(one_more.at_end());
    EXPECT_EQ(server->clients(), ConsoleServer::most_clients);
}

TEST_F(AConsole, NeverHoldsUpAGuestForASlowReaderAndCountsWhatItLoses)
{
    Client slow{path};
    ASSERT_TRUE(until([&] { return server->clients() == 1; }));

    constexpr std::uint64_t total = 1'000'000;
    std::atomic<bool> printed{};
    std::thread vcpu{[&]
                     {
                         for (std::uint64_t i = 0; i < total; ++i)
                             uart.write(fifo, 4, static_cast<std::uint8_t>('a' + i % 26));
                         printed = true;
                     }};
    EXPECT_TRUE(until([&] { return printed.load(); })) << "the guest waits for the reader";
    vcpu.join();
    settle();

    std::string seen;
    ASSERT_TRUE(until(
        [&]
        {
            seen += slow.read();
            return seen.size() + server->dropped() >= total;
        }));
    settle();
    seen += slow.read();
    EXPECT_EQ(seen.size() + server->dropped(), total);
    EXPECT_GT(server->dropped(), 0U);
    EXPECT_EQ(drops.size(), 1U) << "told of the first loss only";
    EXPECT_EQ(seen.back(), 'a' + (total - 1) % 26) << "the newest bytes are there";
}

TEST_F(AConsole, DoesNotLetASlowReaderCostAQuickOneAnything)
{
    Client slow{path};
    Client quick{path};
    ASSERT_TRUE(until([&] { return server->clients() == 2; }));
    std::string seen;
    std::string expected;
    for (int i = 0; i < 60; ++i)
    {
        const std::string line(10'000, static_cast<char>('a' + i % 26));
        print(line);
        expected += line;
        ASSERT_TRUE(until([&] { return (seen += quick.read()).size() == expected.size(); }));
    }
    EXPECT_EQ(seen, expected);
}

TEST_F(AConsole, DeliversAPasteOf10kBThroughAFifoOf64Bytes)
{
    std::string paste;
    for (int i = 0; i < 10'000; ++i)
        paste.push_back(static_cast<char>('a' + i * 7 % 26));
    Client client{path};
    std::size_t sent = 0;
    std::string typed;
    EXPECT_TRUE(until(
        [&]
        {
            sent += client.write(std::string_view{paste}.substr(sent));
            typed += guest_reads();
            return typed.size() >= paste.size();
        }));
    EXPECT_EQ(typed, paste);
}

TEST_F(AConsole, StopsReadingTheSocketWhileTheUartIsFull)
{
    Client client{path};
    const std::string chunk(100'000, 'x');
    std::size_t sent = 0;
    for (int i = 0; i < 100; ++i)
    {
        sent += client.write(chunk);
        io.run_for(1ms);
    }
    EXPECT_LT(sent, 2'000'000U) << "only what the kernel and one buffer hold";
    std::size_t typed = 0;
    EXPECT_TRUE(until([&] { return (typed += guest_reads().size()) == sent; }));
}

TEST_F(AConsole, DeliversWhatWasTypedByOneWhoHasGone)
{
    const std::string line(1000, 'y');
    {
        Client client{path};
        EXPECT_EQ(client.write(line), line.size());
        ASSERT_TRUE(until([&] { return server->clients() == 1; }));
    }
    print("into the void");
    settle();
    std::string typed;
    EXPECT_TRUE(until([&] { return (typed += guest_reads()) == line; }));
    EXPECT_TRUE(until([&] { return server->clients() == 0; }));
}

TEST_F(AConsole, ForgetsAClientThatHangsUp)
{
    Client client{path};
    ASSERT_TRUE(until([&] { return server->clients() == 1; }));
    client.close();
    EXPECT_TRUE(until([&] { return server->clients() == 0; }));
    print("nobody listens");
    settle();
}

TEST_F(AConsole, ForgetsAClientThatHangsUpWithOutputUnread)
{
    Client client{path};
    ASSERT_TRUE(until([&] { return server->clients() == 1; }));
    print(std::string(60'000, 'u'));
    settle();
    client.close();
    EXPECT_TRUE(until([&] { return server->clients() == 0; }));
}

TEST_F(AConsole, GoesOnShowingOutputToOneWhoOnlyStoppedTyping)
{
    Client client{path};
    client.write("q");
    client.shut_down_sending();
    std::string typed;
    EXPECT_TRUE(until([&] { return (typed += guest_reads()) == "q"; }));
    settle();
    print("still here");
    std::string seen;
    EXPECT_TRUE(until([&] { return (seen += client.read()) == "still here"; }));
    client.close();
    EXPECT_TRUE(until([&] { return server->clients() == 0; }));
}

TEST_F(AConsole, RefusesTheSeventeenthClientPolitely)
{
    std::vector<Client> clients;
    for (std::size_t i = 0; i < ConsoleServer::most_clients; ++i)
        clients.emplace_back(path);
    ASSERT_TRUE(until([&] { return server->clients() == ConsoleServer::most_clients; }));

    Client refused{path};
    std::string told;
    EXPECT_TRUE(until(
        [&]
        {
            told += refused.read();
            return refused.at_end();
        }));
    EXPECT_NE(told.find("too many clients"), std::string::npos);
    EXPECT_EQ(server->clients(), ConsoleServer::most_clients);

    clients.back().close();
    ASSERT_TRUE(until([&] { return server->clients() < ConsoleServer::most_clients; }));
    Client admitted{path};
    EXPECT_TRUE(until([&] { return server->clients() == ConsoleServer::most_clients; }));
}

TEST_F(AConsole, IsNotLockedByTheDeadWhenTheGuestTakesNoInput)
{
    for (std::size_t i = 0; i < ConsoleServer::most_clients; ++i)
    {
        Client client{path};
        client.write(std::string(1000, 'd'));
        ASSERT_TRUE(until([&] { return server->clients() == i + 1; }));
    }
    settle();
    Client living{path};
    print("hello");
    std::string seen;
    EXPECT_TRUE(until([&] { return (seen += living.read()) == "hello"; }));
}

TEST_F(AConsole, GivesTheGuestASingleKeyByItsReceiverTimeout)
{
    uart.write(rtor, 4, 10);
    uart.write(ier, 4, irq_tout);
    Client client{path};
    for (const char key : {'a', 'b', 'c'})
    {
        client.write({&key, 1});
        ASSERT_TRUE(until([&] { return irq.level.load(); }));
        EXPECT_EQ(guest_reads(), std::string(1, key));
        uart.write(isr, 4, irq_tout);
        ASSERT_FALSE(irq.level);
    }
}

TEST_F(AConsole, DrivesATimeoutThatTheGuestRestartsItself)
{
    settle();
    uart.write(rtor, 4, 10);
    uart.write(ier, 4, irq_tout);
    uart.write(cr, 4, cr_rxen | cr_txen | cr_rstto);
    EXPECT_TRUE(until([&] { return irq.level.load(); }));
}

TEST_F(AConsole, IsThereForItsGroupAndGoneAtTheEnd)
{
    struct stat found = {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0660U);
    Client client{path};
    ASSERT_TRUE(until([&] { return server->clients() == 1; }));
    server.reset();
    EXPECT_NE(::stat(path.c_str(), &found), 0);
    client.read();
    EXPECT_TRUE(client.at_end()) << "while the loop lives on";
    settle();
}

TEST_F(AConsole, MayBeDestroyedWithInputAndOutputUnderWay)
{
    uart.write(rtor, 4, 255);
    Client client{path};
    client.write(std::string(1000, 'x'));
    ASSERT_TRUE(until([&] { return server->clients() == 1; }));
    print(std::string(500'000, 'x'));
    io.run_for(1ms);
    server.reset();
    print("more");
    settle();
}

TEST_F(AConsole, ReplacesASocketThatNobodyListensOn)
{
    server.reset();
    {
        const UniqueFd stale{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        path.copy(at.sun_path, sizeof at.sun_path - 1);
        // NOLINTNEXTLINE: bind(2) is declared so
        ASSERT_EQ(::bind(stale.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    }
    server.emplace(io, path, output, uart);
    Client client{path};
    EXPECT_TRUE(client.connected());
}

template <class Act>
std::string error_of(Act act, int expected)
{
    try
    {
        act();
    }
    catch (const Error& error)
    {
        EXPECT_EQ(error.code().value(), expected) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "nothing thrown";
    return {};
}

TEST_F(AConsole, TakesNoPathFromALivingServer)
{
    const std::string what = error_of([&] { ConsoleServer{io, path, output, uart}; }, EADDRINUSE);
    EXPECT_NE(what.find(path), std::string::npos);
    Client client{path};
    EXPECT_TRUE(client.connected()) << "the first one still listens";
}

TEST_F(AConsole, TakesNoPathFromAFile)
{
    const std::string file = folder + "/file";
    std::ofstream{file} << "precious";
    error_of([&] { ConsoleServer{io, file, output, uart}; }, EEXIST);
    EXPECT_EQ(::unlink(file.c_str()), 0) << "it is still there";
}

TEST_F(AConsole, AcceptsAPathOf107BytesAndNoneLonger)
{
    std::string longest = folder + "/";
    longest.resize(107, 'p');
    server.reset();
    {
        const ConsoleServer second{io, longest, output, uart};
        EXPECT_TRUE(Client{longest}.connected());
    }
    const std::string what = error_of(
        [&] {
            ConsoleServer{io, longest + "p", output, uart};
        },
        ENAMETOOLONG);
    EXPECT_NE(what.find("107"), std::string::npos);
}

TEST_F(AConsole, NamesAFolderThatIsNotThere)
{
    const std::string nowhere = folder + "/nowhere/console";
    const std::string what = error_of([&] { ConsoleServer{io, nowhere, output, uart}; }, ENOENT);
    EXPECT_NE(what.find(nowhere), std::string::npos);
    error_of([&] { ConsoleServer{io, "", output, uart}; }, EINVAL);
}

} // namespace
} // namespace aliasvm::control
