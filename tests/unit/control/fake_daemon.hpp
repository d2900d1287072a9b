// SPDX-License-Identifier: Apache-2.0
// FakeDaemon: the other end of the VMM's connection, on the loop of the test.
#pragma once

#include "common/base/address.hpp"
#include "common/base/error.hpp"
#include "common/bus/connection.hpp"
#include "common/bus/method.hpp"
#include "common/bus/names.hpp"
#include "vmm/control/bindings.hpp"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

namespace aliasvm::tests
{

/// A file in memory that says what it is.
inline UniqueFd file_saying(const std::string& text)
{
    UniqueFd file{::memfd_create("said", MFD_CLOEXEC)};
    EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    return file;
}

inline std::string said_by(const UniqueFd& file)
{
    char text[64]{};
    const ssize_t size = ::pread(file.get(), text, sizeof text, 0);
    return size < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(size));
}

class FakeDaemon
{
public:
    struct Registration
    {
        std::string name;
        std::string holding; ///< "uart0=uart1 "
        bool paused{};
        std::size_t statistics{};
    };
    /// What ask() got: `error` is "NAME: message", or "" for a reply.
    struct Answer
    {
        std::string error;
        std::uint64_t pause_usec{};
        UniqueFd descriptor;
        std::vector<std::byte> bytes;
    };
    using Fill = std::function<void(bus::Message&)>;

    explicit FakeDaemon(boost::asio::io_context& loop) : loop_{loop} {}
    ~FakeDaemon() { drop(); }
    FakeDaemon(const FakeDaemon&) = delete;
    FakeDaemon& operator=(const FakeDaemon&) = delete;

    // -- what a test says
    bool up = true;     ///< false: nobody listens
    bool silent{};      ///< takes connections, and answers nothing
    std::string refuse; ///< the error's name of Register, or of Acquire with refuse_alias
    std::string refuse_alias;
    control::BindingMap bindings;
    plan::ClockRates rates;
    std::map<std::string, std::string> instances; ///< by alias, for Acquire
    std::size_t descriptors = 1;                  ///< that each comes with
    std::vector<GuestRange> hugepages;            ///< for AcquireMemory
    UniqueFd memory{::memfd_create("hugepages", MFD_CLOEXEC)};
    std::string refuse_memory; ///< the error's name of AcquireMemory

    /// The VMM's way to here.
    UniqueFd connect()
    {
        ++attempts;
        if (!up)
            throw Error{ECONNREFUSED, "connect to a daemon that is down"};
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        UniqueFd ours{ends[0]};
        if (silent)
            silent_ends_.push_back(std::move(ours));
        else
            serve(std::move(ours));
        return UniqueFd{ends[1]};
    }
    /// As if the daemon were killed.
    void drop()
    {
        slot_ = {};
        if (connection_)
            connection_->close();
        connection_.reset();
    }

    // -- what a test looks at
    unsigned attempts{};
    std::vector<Registration> registrations;
    std::vector<std::string> acquired;
    std::vector<std::uint64_t> memory_acquired; ///< bytes
    int lost{};                                 ///< errno with which the VMM went away

    boost::asio::awaitable<void> pass(std::chrono::milliseconds time)
    {
        boost::asio::steady_timer timer{loop_, time};
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
    boost::asio::awaitable<bool> registered(std::size_t times)
    {
        for (int tries = 0; registrations.size() < times; ++tries)
        {
            if (tries == 5000)
            {
                ADD_FAILURE() << "no registration number " << times;
                co_return false;
            }
            co_await pass(std::chrono::milliseconds{1});
        }
        co_return true;
    }

    boost::asio::awaitable<Answer> ask(const char* interface, const char* member, Fill fill = {})
    {
        const auto connection = connection_; // may be dropped meanwhile
        const std::string path = bus::machine_path(*VmName::from("vm"));
        bus::Message call = connection->new_call(nullptr, path.c_str(), interface, member);
        if (fill)
            fill(call);
        Answer answer;
        try
        {
            bus::Message reply = co_await connection->call(call, std::chrono::seconds{10});
            read(reply, answer);
        }
        catch (const bus::NamedError& error)
        {
            answer.error = error.name() + ": " + error.what();
        }
        co_return answer;
    }
    auto machine(const char* member) { return ask(bus::machine_interface, member); }
    /// `time` is what the VMM is told of the guest's clock.
    auto pause(std::string time)
    {
        return ask(bus::machine_interface, "PauseWithOptions",
                   [time](bus::Message& call)
                   { call.append("a{sv}", 1, "time", "s", time.c_str()); });
    }
    auto detach(std::string alias)
    {
        return ask(bus::aliases_interface, "Detach",
                   [alias](bus::Message& call) { call.append("s", alias.c_str()); });
    }
    auto attach(std::string alias, std::string instance, std::size_t count = 1)
    {
        return ask(bus::aliases_interface, "Attach",
                   [=](bus::Message& call)
                   {
                       call.append("ssb", alias.c_str(), instance.c_str(), 0);
                       append_descriptors(call, instance, count);
                   });
    }

private:
    static void read(bus::Message& reply, Answer& answer)
    {
        const std::string type = sd_bus_message_get_signature(reply.get(), 1);
        if (type == "t")
            reply.read("t", &answer.pause_usec);
        if (type == "h")
            answer.descriptor = reply.read_fd();
        if (type == "ay")
            answer.bytes = reply.read_bytes();
    }

    static void append_descriptors(bus::Message& message, const std::string& name,
                                   std::size_t count)
    {
        message.open('a', "h");
        for (std::size_t i = 0; i < count; ++i)
        {
            const UniqueFd file = file_saying(name + (i == 0 ? "" : " container"));
            message.append("h", file.get());
        }
        message.close();
    }

    void serve(UniqueFd socket)
    {
        drop();
        connection_ = bus::Connection::serve_peer(loop_, std::move(socket));
        sd_bus_slot* slot = nullptr;
        bus::require(sd_bus_add_object_vtable(connection_->raw(), &slot, bus::root_path,
                                              bus::broker_interface, vtable, this),
                     "offer the fake broker");
        slot_ = bus::Slot{slot};
        connection_->start([this](int error) { lost = error; });
    }

    void enrol(bus::Message call)
    {
        Registration heard{call.read_string(), {}, {}, {}};
        EXPECT_TRUE(call.enter('a', "(ss)"));
        const char* alias = nullptr;
        const char* instance = nullptr;
        while (call.read_next("(ss)", &alias, &instance))
            heard.holding += std::string{alias} + "=" + instance + " ";
        call.exit();
        int paused = 0;
        call.read("b", &paused);
        heard.paused = paused != 0;
        EXPECT_TRUE(call.enter('a', "h"));
        for (; sd_bus_message_at_end(call.get(), 0) == 0; ++heard.statistics)
            static_cast<void>(call.read_fd());
        registrations.push_back(heard);
        if (!refuse.empty() && refuse_alias.empty())
            throw bus::NamedError{refuse, "no, not {}", heard.name};

        auto reply = call.new_reply();
        reply.open('a', "{ss}");
        for (const auto& [name, behind] : bindings)
            reply.append("{ss}", name.c_str(), behind.c_str());
        reply.close().send();
    }

    void acquire(bus::Message call)
    {
        const std::string alias = call.read_string();
        acquired.push_back(alias);
        if (alias == refuse_alias)
            throw bus::NamedError{refuse, "{} is not to be had", instances[alias]};
        auto reply = call.new_reply();
        reply.append("s", instances[alias].c_str());
        append_descriptors(reply, instances[alias], descriptors);
        reply.send();
    }

    void clock_rates(const bus::Message& call)
    {
        EXPECT_TRUE(acquired.empty()) << "clocks first: the plan is made with them";
        auto reply = call.new_reply();
        reply.open('a', "{uu}");
        for (const auto& [firmware_id, hertz] : rates)
            reply.append("{uu}", firmware_id, hertz);
        reply.close().send();
    }

    void acquire_memory(bus::Message call)
    {
        std::uint64_t bytes = 0;
        call.read("t", &bytes);
        EXPECT_TRUE(acquired.empty()) << "memory first: the plan is made with it";
        memory_acquired.push_back(bytes);
        if (!refuse_memory.empty())
            throw bus::NamedError{refuse_memory, "no memory for you"};
        auto reply = call.new_reply();
        reply.open('a', "(tt)");
        for (const GuestRange& bank : hugepages)
            reply.append("(tt)", bank.base.value, bank.size);
        reply.close().append("h", memory.get()).send();
    }

    static inline const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Register", "sa(ss)bah", "a{ss}", bus::method<&FakeDaemon::enrol>,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Acquire", "s", "sah", bus::method<&FakeDaemon::acquire>,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ClockRates", "", "a{uu}", bus::method<&FakeDaemon::clock_rates>,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("AcquireMemory", "t", "a(tt)h", bus::method<&FakeDaemon::acquire_memory>,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
    };

    boost::asio::io_context& loop_;
    std::shared_ptr<bus::Connection> connection_;
    bus::Slot slot_;
    std::vector<UniqueFd> silent_ends_;
};

} // namespace aliasvm::tests
