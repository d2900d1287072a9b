// SPDX-License-Identifier: Apache-2.0
// Broker: VMMs connect here, say who they are, and get what they may have.
#pragma once

#include "common/base/unique_fd.hpp"
#include "daemon/host/host_clocks.hpp"
#include "daemon/moves/moves.hpp"
#include "daemon/moves/ram_ownership.hpp"
#include "daemon/moves/reconciler.hpp"
#include "daemon/ownership/machines.hpp"
#include "daemon/ownership/ownership.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <set>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

namespace aliasvm::daemon
{

/// Serves the peer protocol of common/bus/names.hpp on a listening socket. Main thread.
class Broker
{
public:
    /// Whose VMM is at the other end of a socket; nothing if nobody's. Asked of the kernel and
    /// systemd, not of the other end.
    using Identify = std::function<std::optional<VmName>(int socket)>;
    /// A VMM has registered, with or without something in its hands.
    using OnRegister = std::function<void(Machine&)>;

    /// What it works with, which outlives it.
    struct Uses
    {
        Machines& machines;
        Ownership& ownership;
        Moves& moves;           ///< for Acquire
        Reconciler& reconciler; ///< for what a VMM had that is gone
        RamOwnership& ram;      ///< for AcquireMemory
        const HostClocks& clocks;
    };

    Broker(boost::asio::io_context& io, UniqueFd listening, Identify identify, const Uses& uses);
    ~Broker();

    void on_register(OnRegister call) { on_register_ = std::move(call); }
    void start() { accept(); }

private:
    class Session;

    void accept();
    void admit(UniqueFd socket);
    [[nodiscard]] bool make_room(const std::optional<VmName>& identity);
    void gone(const std::shared_ptr<Session>& session);
    void take_in(Machine& machine, const std::vector<std::pair<std::string, std::string>>& holding);
    void reclaim_all_of(const Machine& machine);
    void reclaim(const plan::Instance& instance);

    boost::asio::io_context& io_;
    Identify identify_;
    Uses uses_;
    OnRegister on_register_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    std::set<std::shared_ptr<Session>> sessions_;
};

/// By the unit in whose control group the peer runs (sd_peer_get_unit(3)).
[[nodiscard]] std::optional<VmName> machine_of_peer(int socket);

} // namespace aliasvm::daemon
