// SPDX-License-Identifier: Apache-2.0
// Fuzzer: calls every method of a daemon in turn, and notes what comes of it.
#pragma once

#include "common/bus/connection.hpp"
#include "tests/fuzz/generator.hpp"
#include "tests/fuzz/methods.hpp"
#include "tests/fuzz/served_daemon.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace aliasvm::fuzz
{

/// What came of the messages.
struct Outcome
{
    std::map<std::string, std::uint64_t> answers;   ///< by error name; "" is success
    std::map<std::string, std::uint64_t> successes; ///< by method
    std::uint64_t vanished{};
    std::uint64_t noise{};
    std::vector<std::string> missing;
    std::chrono::steady_clock::duration slowest{};
};

/// Message number N is the same for a seed, whoever sends it. Some callers vanish before the
/// answer, some send noise instead.
class Fuzzer
{
public:
    Fuzzer(ServedDaemon& daemon, std::uint64_t seed);
    ~Fuzzer();
    Fuzzer(const Fuzzer&) = delete;
    Fuzzer& operator=(const Fuzzer&) = delete;

    [[nodiscard]] std::size_t methods() const noexcept { return methods_.size(); }
    [[nodiscard]] const Outcome& outcome() const noexcept { return outcome_; }

    /// Sends messages number `from` up to `to`, and waits for what comes of them.
    void send(std::uint64_t from, std::uint64_t to);
    /// Nobody is connected any more but the one that asks.
    void rest();
    [[nodiscard]] bool lists_machines();

private:
    using Connection = std::shared_ptr<bus::Connection>;

    void run(boost::asio::awaitable<void> act);
    boost::asio::awaitable<void> discover();
    boost::asio::awaitable<void> work(std::uint64_t to);
    boost::asio::awaitable<void> call_on_bus(const Method& method, std::uint64_t number,
                                             Generator& generator);
    boost::asio::awaitable<void> call_broker(const Method& method, std::uint64_t number,
                                             Generator& generator);
    void send_noise(Generator& generator);
    boost::asio::awaitable<void> await_answer(Connection connection, bus::Message call,
                                              const Method& method, std::uint64_t number);

    ServedDaemon& daemon_;
    std::uint64_t seed_;
    boost::asio::io_context io_;
    Connection client_;
    Connection peer_; ///< the third VM's VMM
    Descriptors descriptors_;
    Vocabulary words_;
    std::vector<Method> methods_;
    std::size_t first_of_broker_{};
    std::uint64_t next_{};
    Outcome outcome_;
};

} // namespace aliasvm::fuzz
