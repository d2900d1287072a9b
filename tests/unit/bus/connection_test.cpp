// SPDX-License-Identifier: Apache-2.0
// Two ends of a socket that speak D-Bus with each other.
#include "common/bus/connection.hpp"
#include "common/bus/method.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace aliasvm::bus
{
namespace
{

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr const char* path = "/echo";
constexpr const char* interface = "org.example.Echo";

/// Answers at once, late, with an error, with a descriptor, or never.
class Echo : public std::enable_shared_from_this<Echo>
{
public:
    Echo(asio::io_context& io, std::shared_ptr<Connection> connection)
        : io_{io}, connection_{std::move(connection)}
    {
        sd_bus_slot* slot = nullptr;
        require(sd_bus_add_object_vtable(connection_->raw(), &slot, path, interface, vtable, this),
                "offer the echo");
        slot_ = Slot{slot};
    }

    asio::io_context& executor() { return io_; }
    void rearm() { connection_->rearm(); }

    unsigned served{};
    std::vector<Message> unanswered;

private:
    void echo(Message call)
    {
        ++served;
        const auto text = call.read_string();
        call.new_reply().append("s", text.c_str()).send();
    }

    asio::awaitable<void> late(Message call)
    {
        asio::steady_timer timer{io_, 5ms};
        co_await timer.async_wait(asio::use_awaitable);
        const auto text = call.read_string();
        if (text == "fail")
            throw NamedError{"org.example.Error.Late", "asked to fail after {} ms", 5};
        call.new_reply().append("s", text.c_str()).send();
    }

    void fail(Message) { throw NamedError{"org.example.Error.Asked", "fail as asked"}; }
    void read_back(Message call)
    {
        const UniqueFd file = call.read_fd();
        char text[8]{};
        ASSERT_GT(::pread(file.get(), text, sizeof text - 1, 0), 0);
        call.new_reply().append("s", text).send();
    }
    void forget(Message call) { unanswered.push_back(call); }

    static const sd_bus_vtable vtable[];

    asio::io_context& io_;
    std::shared_ptr<Connection> connection_;
    Slot slot_;
};

const sd_bus_vtable Echo::vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Echo", "s", "s", method<&Echo::echo>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Late", "s", "s", slow_method<&Echo::late>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Fail", "", "", method<&Echo::fail>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("ReadBack", "h", "s", method<&Echo::read_back>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Forget", "", "", method<&Echo::forget>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

class Peers : public ::testing::Test
{
protected:
    Peers()
    {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        server = Connection::serve_peer(io, UniqueFd{ends[0]});
        client = Connection::peer(io, UniqueFd{ends[1]});
        echo = std::make_shared<Echo>(io, server);
        server->start([this](int error) { server_lost = error; });
        client->start([this](int error) { client_lost = error; });
    }

    Message call_of(const char* member)
    {
        return client->new_call(nullptr, path, interface, member);
    }

    /// Runs the loop until the call is over; its text, or "NAME: message" of its error.
    std::string answer(Message message, std::chrono::microseconds timeout = 5s)
    {
        std::string text = "nothing";
        asio::co_spawn(
            io,
            [&]() -> asio::awaitable<void>
            {
                try
                {
                    auto reply = co_await client->call(message, timeout);
                    text = reply.peek_variant().empty() && sd_bus_message_is_empty(reply.get()) != 0
                               ? ""
                               : reply.read_string();
                }
                catch (const NamedError& error)
                {
                    text = error.name() + ": " + error.what();
                }
            },
            [&](std::exception_ptr) { io.stop(); });
        io.restart();
        io.run();
        return text;
    }

    asio::io_context io;
    std::shared_ptr<Connection> server;
    std::shared_ptr<Connection> client;
    std::shared_ptr<Echo> echo;
    int server_lost{};
    int client_lost{};
};

TEST_F(Peers, AnswerAtOnce)
{
    EXPECT_EQ(answer(call_of("Echo").append("s", "hello")), "hello");
}

TEST_F(Peers, AnswerWhenTheyAreDone)
{
    EXPECT_EQ(answer(call_of("Late").append("s", "hello")), "hello");
}

TEST_F(Peers, TellErrorsByName)
{
    EXPECT_EQ(answer(call_of("Fail")), "org.example.Error.Asked: fail as asked");
    EXPECT_EQ(answer(call_of("Late").append("s", "fail")),
              "org.example.Error.Late: asked to fail after 5 ms");
}

TEST_F(Peers, RefuseWhatIsNoArgument)
{
    EXPECT_EQ(answer(call_of("Echo").append("u", 1U)).substr(0, 41),
              "org.freedesktop.DBus.Error.InvalidArgs: I");
}

TEST_F(Peers, HandDescriptorsOver)
{
    const UniqueFd file{::memfd_create("test", MFD_CLOEXEC)};
    ASSERT_EQ(::write(file.get(), "inside", 6), 6);
    EXPECT_EQ(answer(call_of("ReadBack").append("h", file.get())), "inside");
}

TEST_F(Peers, GiveUpWaitingInTime)
{
    EXPECT_EQ(answer(call_of("Forget"), 20ms).substr(0, 34), "org.freedesktop.DBus.Error.NoReply");
}

TEST_F(Peers, HearThatTheOtherSideIsGone)
{
    asio::post(io, [this] { asio::post(io, [this] { server->close(); }); });
    EXPECT_EQ(answer(call_of("Forget"), 5s).substr(0, 34), "org.freedesktop.DBus.Error.NoReply");
    io.restart();
    while (client_lost == 0 && io.run_one_for(20s) != 0)
    {
    }
    EXPECT_NE(client_lost, 0);
    EXPECT_EQ(server_lost, 0) << "closing is not losing";
}

TEST_F(Peers, FailWhatIsUnderWayWhenTheyClose)
{
    asio::post(io, [this] { asio::post(io, [this] { client->close(); }); });
    EXPECT_EQ(answer(call_of("Forget"), 5s).substr(0, 34), "org.freedesktop.DBus.Error.NoReply");
    EXPECT_EQ(answer(call_of("Echo").append("s", "x"), 5s).substr(0, 34),
              "org.freedesktop.DBus.Error.NoReply");
}

// sd-bus may read more than it handles; then no event of the descriptor tells of the rest.
TEST_F(Peers, StrandNothingThatCameDuringAnotherCall)
{
    for (int i = 0; i < 50; ++i)
    {
        const Message message = call_of("Echo").append("s", "burst");
        sd_bus_message_set_expect_reply(message.get(), 0);
        message.send();
    }
    std::this_thread::sleep_for(10ms);
    EXPECT_EQ(answer(call_of("Echo").append("s", "last")), "last");
    EXPECT_EQ(echo->served, 51U);
}

TEST_F(Peers, ServeWhoSendsALotInTurns)
{
    EXPECT_EQ(answer(call_of("Echo").append("s", "greeted")), "greeted");
    constexpr unsigned many = 200;
    for (unsigned i = 0; i < many; ++i)
    {
        const Message message = call_of("Echo").append("s", "burst");
        sd_bus_message_set_expect_reply(message.get(), 0);
        message.send();
    }
    server->rearm();
    io.restart();
    for (unsigned before = echo->served; echo->served < 1 + many; before = echo->served)
    {
        ASSERT_EQ(io.run_one_for(20s), 1U);
        ASSERT_LE(echo->served - before, 16U) << "everybody else waits as long";
    }
}

TEST_F(Peers, AreLostWhenTheyReadNothing)
{
    asio::io_context deaf_io;
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    const auto serving = Connection::serve_peer(io, UniqueFd{ends[0]});
    const auto deaf = Connection::peer(deaf_io, UniqueFd{ends[1]});
    const auto served = std::make_shared<Echo>(io, serving);
    int lost = 0;
    serving->start([&lost](int error) { lost = error; });
    deaf->start([](int) {});
    // sd-bus makes a socket's buffer 8 MiB: they have to overflow that first.
    const std::string much(16'384, 'x');
    const auto ask = [&]
    {
        const Message call = deaf->new_call(nullptr, path, interface, "Echo");
        std::uint64_t cookie = 0; // by which sd-bus knows that a reply is wanted
        EXPECT_GE(sd_bus_send(nullptr, Message{call}.append("s", much.c_str()).get(), &cookie), 0);
    };
    ask();
    while (served->served == 0)
    {
        deaf_io.restart();
        deaf_io.poll();
        io.restart();
        io.run_one_for(1ms);
    }
    for (int i = 0; lost == 0 && i < 2000; ++i)
    {
        ask();
        io.restart();
        io.poll();
    }
    EXPECT_EQ(lost, ENOBUFS);
}

} // namespace
} // namespace aliasvm::bus
