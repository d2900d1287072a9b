// SPDX-License-Identifier: Apache-2.0
// One call, whose failure is no one's.
#include "daemon/systemd/machined.hpp"

#include "common/bus/error.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>

#include <spdlog/spdlog.h>
#include <systemd/sd-id128.h>

namespace aliasvm::daemon
{

using namespace std::chrono_literals;

namespace
{

/// The same name is the same machine on this host: the id is made of both.
std::vector<std::byte> id_of(const VmName& name)
{
    sd_id128_t host{};
    std::array<std::byte, 16> id{};
    if (sd_id128_get_machine(&host) < 0)
        return {id.begin(), id.end()};
    // FNV-1a over the name, twice with different beginnings, mixed into the host's id.
    for (std::size_t half = 0; half < 2; ++half)
    {
        std::uint64_t hash = 0xcbf2'9ce4'8422'2325ULL + half;
        for (const char c : name.str())
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3ULL;
        for (std::size_t i = 0; i < 8; ++i)
            id[half * 8 + i] =
                static_cast<std::byte>(host.bytes[half * 8 + i] ^ (hash >> (8 * i) & 0xff));
    }
    return {id.begin(), id.end()};
}

} // namespace

boost::asio::awaitable<void> register_with_machined(std::shared_ptr<bus::Connection> connection,
                                                    std::shared_ptr<Machine> machine)
{
    try
    {
        auto call = connection->new_call("org.freedesktop.machine1", "/org/freedesktop/machine1",
                                         "org.freedesktop.machine1.Manager", "RegisterMachine");
        call.append("s", machine->name.str().c_str())
            .append_bytes(id_of(machine->name))
            .append("ssus", "aliasvm", "vm", machine->unit.main_pid, "");
        co_await connection->call(std::move(call), 10s);
    }
    catch (const std::exception& error)
    {
        spdlog::debug("register {} with machined: {}", machine->name.str(), error.what());
    }
}

} // namespace aliasvm::daemon
