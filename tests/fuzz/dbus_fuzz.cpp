// SPDX-License-Identifier: Apache-2.0
// Every method of the daemon, with contents of right and wrong types, from callers that may vanish.
#include "tests/fuzz/fuzzer.hpp"
#include "tests/fuzz/served_daemon.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <random>

#include <CLI/CLI.hpp>
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

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t allowed_growth = 1U << 20U;
constexpr std::uint64_t allowed_descriptors = 8;

double seconds(Clock::duration time)
{
    return std::chrono::duration<double>(time).count();
}

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
                   messages, fuzzer.methods(), seconds(Clock::now() - begin),
                   seconds(fuzzer.outcome().slowest));
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
