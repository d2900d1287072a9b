// SPDX-License-Identifier: Apache-2.0
// Each call of the peer protocol.
#include "daemon/peers/vmm_peer.hpp"

#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "common/bus/pause_options.hpp"

#include <cstdint>
#include <utility>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
using bus::Message;
using namespace std::chrono_literals;

namespace
{

/// A VMM answers from its main loop, which does nothing slow: this is for a machine under load.
constexpr auto answer_timeout = 5s;

std::chrono::microseconds read_pause(Message reply)
{
    std::uint64_t microseconds = 0;
    reply.read("t", &microseconds);
    return std::chrono::microseconds{microseconds};
}

} // namespace

VmmPeer::VmmPeer(std::shared_ptr<bus::Connection> connection, const VmName& name, OnDrop on_drop)
    : connection_{std::move(connection)}, name_{name.str()}, path_{bus::machine_path(name)},
      on_drop_{std::move(on_drop)}
{
}

Message VmmPeer::new_call(const char* interface, const char* member) const
{
    return connection_->new_call(nullptr, path_.c_str(), interface, member);
}

asio::awaitable<Message> VmmPeer::machine(const char* member)
{
    return asked(new_call(bus::machine_interface, member));
}

asio::awaitable<Message> VmmPeer::asked(Message call)
{
    try
    {
        co_return co_await connection_->call(std::move(call), answer_timeout);
    }
    catch (const bus::NamedError& error)
    {
        if (error.name() != bus::error_name::no_reply)
            throw;
        throw bus::NamedError{bus::error_name::wrong_state,
                              "{0} is gone: \"journalctl -u vm@{0}\" says why", name_};
    }
}

asio::awaitable<std::chrono::microseconds> VmmPeer::attach(std::string alias, std::string instance,
                                                           quiesce::Settings settings,
                                                           std::vector<int> descriptors)
{
    Message call = new_call(bus::aliases_interface, "Attach");
    call.append("ssb", alias.c_str(), instance.c_str(),
                settings == quiesce::Settings::as_left ? 1 : 0)
        .open('a', "h");
    for (const int descriptor : descriptors)
        call.append("h", descriptor);
    call.close();
    co_return read_pause(co_await connection_->call(std::move(call), answer_timeout));
}

asio::awaitable<std::chrono::microseconds> VmmPeer::detach(std::string alias)
{
    Message call = new_call(bus::aliases_interface, "Detach");
    call.append("s", alias.c_str());
    co_return read_pause(co_await connection_->call(std::move(call), answer_timeout));
}

asio::awaitable<void> VmmPeer::pause(GuestClock clock)
{
    // A VMM of an earlier version has this one alone, and with another clock.
    if (clock == GuestClock::stands)
    {
        co_await machine("Pause");
        co_return;
    }
    Message call = new_call(bus::machine_interface, "PauseWithOptions");
    bus::append_pause_options(call, clock);
    co_await asked(std::move(call));
}

asio::awaitable<void> VmmPeer::resume()
{
    co_await machine("Resume");
}

asio::awaitable<void> VmmPeer::reset()
{
    co_await machine("Reset");
}

asio::awaitable<void> VmmPeer::power_off()
{
    co_await machine("PowerOff");
}

asio::awaitable<UniqueFd> VmmPeer::open_console()
{
    Message reply = co_await machine("OpenConsole");
    co_return reply.read_fd();
}

asio::awaitable<std::vector<std::byte>> VmmPeer::device_tree()
{
    Message reply = co_await machine("DumpDeviceTree");
    co_return reply.read_bytes();
}

void VmmPeer::drop()
{
    connection_->close();
    if (on_drop_)
        on_drop_();
}

} // namespace aliasvm::daemon
