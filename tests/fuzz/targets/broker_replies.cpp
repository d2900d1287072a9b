// SPDX-License-Identifier: Apache-2.0
// What a VMM reads of the daemon's replies when it does not answer as it should.
#include "common/bus/error.hpp"
#include "tests/fuzz/targets/arbitrary_message.hpp"
#include "tests/fuzz/targets/plan_rules.hpp"
#include "vmm/control/broker_calls.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace aliasvm::fuzz
{
namespace
{

constexpr std::array replies{"a{ss}", "sah", "a{uu}", "a(tt)h"};

/// Only made, never sent: what counts is what is read of it.
class Daemon
{
public:
    Daemon()
    {
        int ends[2];
        bus::require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "make sockets");
        other_ = UniqueFd{ends[1]};
        bus::require(sd_bus_new(&bus_), "make a connection");
        bus::require(sd_bus_negotiate_fds(bus_, 1), "ask for descriptors");
        bus::require(sd_bus_set_fd(bus_, ends[0], ends[0]), "use a socket");
        bus::require(sd_bus_start(bus_), "greet");
    }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    ~Daemon() { sd_bus_close_unref(bus_); }

    [[nodiscard]] bus::Message reply(Input& input) const
    {
        sd_bus_message* made = nullptr;
        bus::require(sd_bus_message_new_signal(bus_, &made, "/", "a.b", "C"), "make a message");
        bus::Message message{made};
        if (input.below(4) == 0)
            append_any(message, input);
        else
            append_values(message, replies.at(input.below(replies.size())), input);
        bus::require(sd_bus_message_seal(message.get(), 1, 0), "seal a message");
        return message;
    }

private:
    sd_bus* bus_{};
    UniqueFd other_;
};

template <class Read>
void read_again(const bus::Message& message, Read&& read)
{
    bus::require(sd_bus_message_rewind(message.get(), 1), "read a message from its start");
    try
    {
        read(message);
    }
    catch (const bus::BadMessage& error)
    {
        require(std::string_view{error.what()}.size() > 5, "an error has words");
    }
}

/// Whatever banks a daemon tells: a VM that is planned with them is a sound one.
void check_hugepages(const bus::Message& message, std::uint64_t bytes)
{
    const control::Hugepages hugepages = control::read_hugepages(message, bytes);
    std::uint64_t total = 0;
    for (const GuestRange& bank : hugepages.banks)
        total += bank.size;
    require(total == bytes, "there is as much RAM as is due");
    require(::fcntl(hugepages.file.get(), F_GETFD) >= 0, "RAM comes with a file");

    const std::string text =
        fmt::format("memory = {}\nkernel = \"/k\"\ndma = \"identity\"\n", bytes);
    const auto config = plan::parse_config(text, "vm.toml", *VmName::from("vm"));
    plan::HostFacts facts;
    facts.kernel = plan::RawImage{0x1000};
    facts.identity_banks = hugepages.banks;
    if (!hugepages.banks.empty())
        plan_soundly(config, zynqmp(), facts, text);
}

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    static const fuzz::Daemon daemon;
    fuzz::Input input{fuzz::as_text(data, size)};
    const std::uint64_t bytes = input.number<std::uint16_t>() * std::uint64_t{2U << 20U};
    const bus::Message reply = daemon.reply(input);
    fuzz::read_again(reply, [](const bus::Message& message)
                     { static_cast<void>(control::read_bindings(message)); });
    fuzz::read_again(reply, [](const bus::Message& message)
                     { static_cast<void>(control::read_clock_rates(message)); });
    fuzz::read_again(reply,
                     [](const bus::Message& message)
                     {
                         std::set<int> descriptors;
                         for (const auto& one : control::read_device(message).descriptors)
                             fuzz::require(one.ok() && descriptors.insert(one.get()).second,
                                           "each descriptor is one of its own");
                     });
    fuzz::read_again(reply, [bytes](const bus::Message& message)
                     { fuzz::check_hugepages(message, bytes); });
    return 0;
}
