// SPDX-License-Identifier: Apache-2.0
// Every method of the daemon, with contents of right and wrong types, from callers that may vanish.
#include "tests/fuzz/generator.hpp"
#include "tests/fuzz/served_daemon.hpp"
#include "tests/unit/service/xml_tags.hpp"
#include "vmm/base/error.hpp"
#include "vmm/bus/connection.hpp"
#include "vmm/bus/error.hpp"
#include "vmm/bus/names.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

extern "C" const char* __ubsan_default_options();
extern "C" const char* __ubsan_default_options()
{
    return "halt_on_error=1:print_stacktrace=1";
}

namespace aliasvm::fuzz
{
namespace
{

namespace asio = boost::asio;
using bus::Message;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* properties_interface = "org.freedesktop.DBus.Properties";
/// Over what the daemon itself waits for: a minute for a unit.
constexpr auto reply_time = 90s;
constexpr std::size_t in_flight = 8;
constexpr std::uint64_t allowed_growth = 1U << 20U;
constexpr std::uint64_t allowed_descriptors = 8;
constexpr std::uint64_t one_vanishes_in = 50;

struct Argument
{
    std::string type;
    std::string name;
};

/// A method, and the objects it is called on.
struct Method
{
    std::string interface;
    std::string member;
    std::vector<Argument> arguments;
    std::vector<std::string> paths;
};

struct Kind
{
    const char* interface;
    std::vector<std::string> paths; ///< the first is there
};

std::vector<Kind> kinds()
{
    const auto machine = [](const char* name) { return bus::machine_path(*VmName::from(name)); };
    const auto device = [](const char* name) { return bus::device_path(name); };
    return {
        {bus::manager_interface, {bus::root_path}},
        {bus::machine_interface,
         {machine("left"), machine("right"), machine("left"), machine("third"), machine("none")}},
        {bus::device_interface,
         {device("ttc1"), device("ttc2"), device("ttc0"), device("uart1"), device("can1"),
          device("nothing")}},
        {"org.freedesktop.LogControl1", {"/org/freedesktop/LogControl1"}},
    };
}

Vocabulary vocabulary()
{
    const std::vector<std::string> machines{"left", "right", "left", "right", "third", "none"};
    return {
        {"name", machines},
        {"machine", machines},
        {"alias", {"ttc0", "ttc0", "ttc0", "uart0", "ttc7", "gem0"}},
        {"instance", {"ttc2", "uart1", "can1", "gem3", "nothing"}},
        {"property", {"LogLevel", "LogTarget"}},
        {"interface", {"", "org.freedesktop.DBus.Peer", "no.such.Interface"}},
        {"value", {"debug", "err", "console", "kmsg"}},
    };
}

/// The methods in an Introspect answer's interface; adds its properties' names to the words.
std::vector<Method> methods_of(const std::string& xml, const Kind& kind,
                               const std::string& interface, Vocabulary& words)
{
    const auto tags = service::interface_tags(xml, interface);
    if (tags.empty())
        throw Error{ENOENT, "find {} at {}", interface, kind.paths.front()};
    words["interface"].push_back(interface);
    std::vector<Method> methods;
    for (const std::string& tag : tags)
    {
        std::string name = service::attribute(tag, "name");
        if (tag.starts_with("<method "))
            methods.push_back({interface, name, {}, kind.paths});
        else if (tag.starts_with("<property "))
            words["property"].push_back(name);
        else if (tag.starts_with("<arg ") && service::attribute(tag, "direction") == "in")
        {
            if (const auto end = name.find("_name"); end != std::string::npos)
                name.resize(end); // interface_name and property_name, of Properties
            methods.back().arguments.push_back({service::attribute(tag, "type"), name});
        }
    }
    return methods;
}

/// What the peer protocol of vmm/bus/names.hpp has for a VMM to call.
std::vector<Method> broker_methods()
{
    return {{bus::broker_interface,
             "Register",
             {{"s", "third"}, {"a(ss)", ""}, {"b", ""}, {"ah", ""}},
             {bus::root_path}},
            {bus::broker_interface, "Acquire", {{"s", "alias"}}, {bus::root_path}}};
}

UniqueFd connect_to(const std::string& path)
{
    UniqueFd end{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::connect(end.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw Error{errno, "connect to {}", path};
    return end;
}

/// What came of the messages.
struct Outcome
{
    std::map<std::string, std::uint64_t> answers;   ///< by error name; "" is success
    std::map<std::string, std::uint64_t> successes; ///< by method
    std::uint64_t vanished{};
    std::uint64_t noise{};
    std::vector<std::string> missing;
};

class Fuzzer
{
public:
    Fuzzer(ServedDaemon& daemon, std::uint64_t seed)
        : daemon_{daemon}, seed_{seed}, client_{bus::Connection::at(io_, daemon.bus_address())},
          words_{vocabulary()}
    {
        words_["third"] = {"third", "third", "third", "left"};
        client_->start([](int) {});
        run(discover());
    }
    ~Fuzzer()
    {
        if (peer_)
            peer_->close();
        client_->close();
    }
    Fuzzer(const Fuzzer&) = delete;
    Fuzzer& operator=(const Fuzzer&) = delete;

    [[nodiscard]] std::size_t methods() const noexcept { return methods_.size(); }
    [[nodiscard]] const Outcome& outcome() const noexcept { return outcome_; }

    /// Sends messages number `from` up to `to`, and waits for what comes of them.
    void send(std::uint64_t from, std::uint64_t to)
    {
        next_ = from;
        std::size_t working = in_flight;
        for (std::size_t i = 0; i < in_flight; ++i)
            asio::co_spawn(io_, work(to),
                           [&](std::exception_ptr failure)
                           {
                               --working;
                               if (failure)
                                   std::rethrow_exception(failure);
                           });
        io_.restart();
        while (working > 0)
            io_.run_one();
    }

    /// Nobody is connected any more but the one that asks.
    void rest()
    {
        if (peer_)
            peer_->close();
        peer_.reset();
    }

    [[nodiscard]] bool lists_machines()
    {
        bool listed = false;
        run(
            [](bus::Connection& client, bool& good) -> asio::awaitable<void>
            {
                Message reply =
                    co_await client.call(client.new_call(bus::service_name, bus::root_path,
                                                         bus::manager_interface, "ListMachines"),
                                         reply_time);
                good = reply.enter('a', "(sso)");
            }(*client_, listed));
        return listed;
    }

private:
    void run(asio::awaitable<void> act)
    {
        bool done = false;
        asio::co_spawn(io_, std::move(act),
                       [&](std::exception_ptr failure)
                       {
                           done = true;
                           if (failure)
                               std::rethrow_exception(failure);
                       });
        io_.restart();
        while (!done)
            io_.run_one();
    }

    asio::awaitable<void> discover()
    {
        for (const Kind& kind : kinds())
        {
            Message reply = co_await client_->call(
                client_->new_call(bus::service_name, kind.paths.front().c_str(),
                                  "org.freedesktop.DBus.Introspectable", "Introspect"),
                reply_time);
            const std::string xml = reply.read_string();
            for (const char* const interface : {kind.interface, properties_interface})
            {
                for (Method& method : methods_of(xml, kind, interface, words_))
                    methods_.push_back(std::move(method));
            }
        }
        first_of_broker_ = methods_.size();
        for (Method& method : broker_methods())
            methods_.push_back(std::move(method));
    }

    asio::awaitable<void> work(std::uint64_t to)
    {
        while (next_ < to)
        {
            const std::uint64_t number = next_++;
            std::seed_seq seed{seed_, number};
            std::uint32_t start[2];
            seed.generate(std::begin(start), std::end(start));
            Generator generator{start[0] | std::uint64_t{start[1]} << 32U, words_, descriptors_};
            const std::size_t index = number % methods_.size();
            if (index < first_of_broker_)
                co_await call_on_bus(methods_[index], number, generator);
            else
                co_await call_broker(methods_[index], number, generator);
        }
    }

    static Message make(const bus::Connection& connection, const char* destination,
                        const Method& method, Generator& generator)
    {
        const std::string path = method.paths[generator.below(method.paths.size())];
        Message call = connection.new_call(destination, path.c_str(), method.interface.c_str(),
                                           method.member.c_str());
        if (generator.one_in(4))
        {
            for (const std::string& type : complete_types(generator.signature()))
                generator.append(call, type);
            return call;
        }
        for (const Argument& argument : method.arguments)
            generator.append(call, argument.type, argument.name);
        return call;
    }

    asio::awaitable<void> call_on_bus(const Method& method, std::uint64_t number,
                                      Generator& generator)
    {
        if (!generator.one_in(one_vanishes_in))
            co_return co_await await_answer(
                client_, make(*client_, bus::service_name, method, generator), method, number);
        const auto caller = bus::Connection::at(io_, daemon_.bus_address());
        const char* name = nullptr;
        bus::require(sd_bus_get_unique_name(caller->raw(), &name), "be greeted by the bus");
        make(*caller, bus::service_name, method, generator).send();
        bus::require(sd_bus_flush(caller->raw()), "send a message");
        ++outcome_.vanished;
        co_return;
    }

    asio::awaitable<void> call_broker(const Method& method, std::uint64_t number,
                                      Generator& generator)
    {
        if (generator.one_in(20))
        {
            const UniqueFd end = connect_to(daemon_.broker());
            const std::string bytes =
                (generator.one_in(2) ? std::string{"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n", 30}
                                     : std::string{}) +
                generator.noise(2000);
            static_cast<void>(::send(end.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
            ++outcome_.noise;
            co_return;
        }
        const bool vanishes = generator.one_in(one_vanishes_in);
        if (!peer_ || peer_->lost() || generator.one_in(30))
        {
            peer_ = bus::Connection::peer(io_, connect_to(daemon_.broker()));
            peer_->start([](int) {});
        }
        const auto peer = peer_;
        Message call = make_when_greeted(*peer, method, generator);
        if (!vanishes)
            co_return co_await await_answer(peer, std::move(call), method, number);
        call.send();
        sd_bus_flush(peer->raw());
        peer->close();
        peer_.reset();
        ++outcome_.vanished;
        co_return;
    }

    /// Descriptors can be appended only once the other end has said that it takes them.
    static Message make_when_greeted(const bus::Connection& peer, const Method& method,
                                     Generator& generator)
    {
        while (sd_bus_is_ready(peer.raw()) == 0)
        {
            bus::require(sd_bus_process(peer.raw(), nullptr), "be greeted by the broker");
            sd_bus_wait(peer.raw(), 1000);
        }
        return make(peer, nullptr, method, generator);
    }

    asio::awaitable<void> await_answer(std::shared_ptr<bus::Connection> connection, Message call,
                                       const Method& method, std::uint64_t number)
    {
        const auto sent = Clock::now();
        std::string error;
        try
        {
            static_cast<void>(co_await connection->call(std::move(call), reply_time));
            ++outcome_.successes[method.interface + "." + method.member];
        }
        catch (const bus::NamedError& refused)
        {
            error = refused.name();
        }
        ++outcome_.answers[error];
        // Whoever vanished on purpose took its other calls with it.
        const bool lost = connection->lost() && connection == client_;
        if (Clock::now() - sent >= reply_time || lost)
            outcome_.missing.push_back(
                fmt::format("{}.{}, message {}", method.interface, method.member, number));
        slowest_ = std::max(slowest_, Clock::now() - sent);
    }

public:
    [[nodiscard]] double slowest() const { return std::chrono::duration<double>(slowest_).count(); }

private:
    ServedDaemon& daemon_;
    std::uint64_t seed_;
    asio::io_context io_;
    std::shared_ptr<bus::Connection> client_;
    std::shared_ptr<bus::Connection> peer_; ///< the third VM's VMM
    Descriptors descriptors_;
    Vocabulary words_;
    std::vector<Method> methods_;
    std::size_t first_of_broker_{};
    std::uint64_t next_{};
    Outcome outcome_;
    Clock::duration slowest_{};
};

void print(const Outcome& outcome)
{
    for (const auto& [name, count] : outcome.answers)
        fmt::print("{:8} {}\n", count, name.empty() ? "success" : name);
    for (const auto& [name, count] : outcome.successes)
        fmt::print("{:8} {}\n", count, name);
    fmt::print("{:8} vanished callers\n{:8} connections with noise\n", outcome.vanished,
               outcome.noise);
    for (const std::string& what : outcome.missing)
        fmt::print("no answer: {}\n", what);
}

int fuzz(std::uint64_t seed, std::uint64_t count)
{
    fmt::print("seed {}, {} messages to each method\n", seed, count);
    std::fflush(stdout);
    const auto begin = Clock::now();
    ServedDaemon daemon{seed};
    Usage warm{};
    Usage last{};
    bool alive = false;
    {
        Fuzzer fuzzer{daemon, seed};
        const std::uint64_t messages = count * fuzzer.methods();
        fuzzer.send(0, messages / 4);
        fuzzer.rest();
        warm = daemon.usage();
        fuzzer.send(messages / 4, messages);
        fuzzer.rest();
        last = daemon.usage();
        alive = fuzzer.lists_machines();
        print(fuzzer.outcome());
        fmt::print("{} messages to {} methods in {:.1f} s, the slowest answer took {:.2f} s\n",
                   messages, fuzzer.methods(),
                   std::chrono::duration<double>(Clock::now() - begin).count(), fuzzer.slowest());
        alive = alive && fuzzer.outcome().missing.empty();
    }
    const int status = daemon.end();
    fmt::print("memory {} -> {} bytes, descriptors {} -> {}, exit status {:#x}\n", warm.bytes,
               last.bytes, warm.descriptors, last.descriptors, status);
    const bool good = alive && status == 0 && last.bytes < warm.bytes + allowed_growth &&
                      last.descriptors <= warm.descriptors + allowed_descriptors;
    fmt::print("{}\n", good ? "good" : fmt::format("FAILED: repeat with --seed {}", seed));
    return good ? 0 : 1;
}

} // namespace
} // namespace aliasvm::fuzz

int main(int argc, char** argv)
{
    CLI::App app{"Random D-Bus messages to the daemon"};
    std::uint64_t seed = std::random_device{}();
    std::uint64_t count = 300;
    app.add_option("--seed", seed, "Repeats the messages of a run");
    app.add_option("--count", count, "Messages to each method");
    CLI11_PARSE(app, argc, argv);
    try
    {
        return aliasvm::fuzz::fuzz(seed, count);
    }
    catch (const std::exception& error)
    {
        fmt::print(stderr, "fuzz: {}\n", error.what());
        return 1;
    }
}
