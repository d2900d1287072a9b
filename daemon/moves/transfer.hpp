// SPDX-License-Identifier: Apache-2.0
// Transfers: instances that change hands, all or nothing.
#pragma once

#include "daemon/async/turn.hpp"
#include "daemon/moves/move.hpp"
#include "daemon/ownership/machines.hpp"
#include "daemon/ownership/ownership.hpp"
#include "daemon/ports/device_host.hpp"
#include "daemon/ports/fault_points.hpp"
#include "daemon/ports/vmm.hpp"

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

struct TransferOptions
{
    bool persistent{};      ///< write it to the configuration files, too
    Force force{Force::no}; ///< take it from a driver of the host
};

/// What a VMM gets that asked for the instance of an alias.
struct Handover
{
    std::string instance;
    std::shared_ptr<vfio::PlatformDevice> device; ///< open until the reply is on its way
};

/// Each is one change, made in its turn; it throws NamedError when it failed and everything is as
/// before. A step that failed is named in the message.
///
/// What an assignment means is written down before the first device is touched, and taken back if
/// it fails. So a daemon that is killed in the middle leaves the word of what was asked for, and
/// the next one carries it out (reconcile()).
class Transfers
{
public:
    Transfers(const plan::Catalogue& catalogue, Machines& machines, Ownership& ownership,
              DeviceHost& host, Turn& turn, FaultPoints& faults)
        : catalogue_{catalogue}, machines_{machines},
          ownership_{ownership}, host_{host}, turn_{turn}, faults_{faults}
    {
    }

    /// Puts an instance behind an alias, taking it from where it is. A machine that does not run
    /// gets it when it starts.
    [[nodiscard]] boost::asio::awaitable<void> assign(const plan::Instance& instance,
                                                      std::string machine, std::string alias,
                                                      TransferOptions options);
    /// Takes it from whoever has it, and gives it back to the host.
    [[nodiscard]] boost::asio::awaitable<void> release(const plan::Instance& instance,
                                                       TransferOptions options);
    /// For a VMM that starts: the instance that shall stand behind its alias, at rest.
    [[nodiscard]] boost::asio::awaitable<Handover>
    acquire(std::shared_ptr<Machine> machine, std::shared_ptr<Vmm> asking, std::string alias);
    /// Brings to rest what a VMM had that is gone. Waits as long as its process has it open.
    [[nodiscard]] boost::asio::awaitable<void> reclaim(const plan::Instance& instance);
    /// Brings an instance that no machine has to rest, again if it is blocked.
    [[nodiscard]] boost::asio::awaitable<void> quiesce(const plan::Instance& instance);
    /// Brings to rest, and keeps, every bus master that a machine may have left behind, and waits
    /// for those that come back. A blocked one stays blocked.
    [[nodiscard]] boost::asio::awaitable<void> bring_masters_to_rest();
    /// Makes it stand where it shall: after a restart of the daemon, and when a machine has come up
    /// or gone down. Nothing to do if it does.
    [[nodiscard]] boost::asio::awaitable<void> reconcile(const plan::Instance& instance);

private:
    [[nodiscard]] boost::asio::awaitable<void> run(std::shared_ptr<Move> move);
    [[nodiscard]] boost::asio::awaitable<void> step_through(std::shared_ptr<Move> move);
    [[nodiscard]] boost::asio::awaitable<void> until_free_to_move(const plan::Instance& instance,
                                                                  std::shared_ptr<Machine> to);
    void require_present(const plan::Instance& instance) const;
    void require_reach(const Machine& machine, std::string_view alias,
                       const plan::Instance& instance) const;
    void check(Move& move);
    [[nodiscard]] boost::asio::awaitable<void> detach(std::shared_ptr<Move> move);
    [[nodiscard]] boost::asio::awaitable<void> attach(std::shared_ptr<Move> move);
    [[nodiscard]] boost::asio::awaitable<void> give_back(std::shared_ptr<Move> move);
    void bring_to_rest(const std::shared_ptr<Move>& move);
    [[nodiscard]] boost::asio::awaitable<bool> keep_at_rest(const plan::Instance& instance);
    void begin(Move& move, const char* step);
    [[nodiscard]] bool awaited(const plan::Instance& instance);
    [[nodiscard]] std::shared_ptr<Machine> place_for(const plan::Instance& instance,
                                                     std::string& alias);

    const plan::Catalogue& catalogue_;
    Machines& machines_;
    Ownership& ownership_;
    DeviceHost& host_;
    Turn& turn_;
    FaultPoints& faults_;
};

} // namespace aliasvm::daemon
