// SPDX-License-Identifier: Apache-2.0
// One loop, several callers at a time.
#include "tests/fuzz/fuzzer.hpp"

#include "common/base/error.hpp"
#include "common/base/unique_fd.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

namespace aliasvm::fuzz
{

namespace asio = boost::asio;
using bus::Message;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace
{

/// Over what the daemon itself waits for: a minute for a unit.
constexpr auto reply_time = 90s;
constexpr std::size_t in_flight = 8;
constexpr std::uint64_t one_vanishes_in = 50;

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

Message make(const bus::Connection& connection, const char* destination, const Method& method,
             Generator& generator)
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

/// Descriptors can be appended only once the other end has said that it takes them. False if it
/// closes before: a VM has one session, and what the noise said may have been a newer one's.
bool greeted(const bus::Connection& peer)
{
    while (sd_bus_is_ready(peer.raw()) == 0)
    {
        if (sd_bus_process(peer.raw(), nullptr) < 0)
            return false;
        sd_bus_wait(peer.raw(), 1000);
    }
    return sd_bus_is_ready(peer.raw()) > 0;
}

} // namespace

Fuzzer::Fuzzer(ServedDaemon& daemon, std::uint64_t seed)
    : daemon_{daemon}, seed_{seed}, client_{bus::Connection::at(io_, daemon.bus_address())},
      words_{vocabulary()}
{
    words_["third"] = {"third", "third", "third", "left"};
    client_->start([](int) {});
    run(discover());
}

Fuzzer::~Fuzzer()
{
    if (peer_)
        peer_->close();
    client_->close();
}

void Fuzzer::send(std::uint64_t from, std::uint64_t to)
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

void Fuzzer::rest()
{
    if (peer_)
        peer_->close();
    peer_.reset();
}

bool Fuzzer::lists_machines()
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

void Fuzzer::run(asio::awaitable<void> act)
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

asio::awaitable<void> Fuzzer::discover()
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

asio::awaitable<void> Fuzzer::work(std::uint64_t to)
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

asio::awaitable<void> Fuzzer::call_on_bus(const Method& method, std::uint64_t number,
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

asio::awaitable<void> Fuzzer::call_broker(const Method& method, std::uint64_t number,
                                          Generator& generator)
{
    if (generator.one_in(20))
        co_return send_noise(generator);
    const bool vanishes = generator.one_in(one_vanishes_in);
    bool anew = !peer_ || generator.one_in(30);
    for (int tries = 0; anew || peer_->lost() || !greeted(*peer_); ++tries)
    {
        if (tries == 100)
            throw Error{ECONNRESET, "be greeted by the broker"};
        anew = false;
        peer_ = bus::Connection::peer(io_, connect_to(daemon_.broker()));
        peer_->start([](int) {});
    }
    const auto peer = peer_;
    Message call = make(*peer, nullptr, method, generator);
    if (!vanishes)
        co_return co_await await_answer(peer, std::move(call), method, number);
    call.send();
    sd_bus_flush(peer->raw());
    peer->close();
    peer_.reset();
    ++outcome_.vanished;
    co_return;
}

void Fuzzer::send_noise(Generator& generator)
{
    const UniqueFd end = connect_to(daemon_.broker());
    const std::string bytes =
        (generator.one_in(2) ? std::string{"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n", 30}
                             : std::string{}) +
        generator.noise(2000);
    static_cast<void>(::send(end.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    ++outcome_.noise;
}

asio::awaitable<void> Fuzzer::await_answer(Connection connection, Message call,
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
    outcome_.slowest = std::max(outcome_.slowest, Clock::now() - sent);
}

} // namespace aliasvm::fuzz
