// SPDX-License-Identifier: Apache-2.0
// Moves: instances that change hands, all or nothing.
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

struct MoveOptions
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

/// What people and VMMs ask for. Each is a transaction, made in its turn; it throws NamedError when
/// it failed and everything is as before. A step that failed is named in the message. Main thread.
///
/// What an assignment means is written down before the first device is touched, and undone if it
/// fails. So a daemon that is killed in the middle leaves the word of what was asked for, and the
/// Reconciler of the next one carries it out.
class Moves
{
public:
    Moves(Machines& machines, Ownership& ownership, DeviceHost& host, Turn& turn,
          FaultPoints& faults)
        : machines_{machines}, ownership_{ownership}, host_{host}, turn_{turn}, faults_{faults}
    {
    }

    /// Puts an instance behind an alias, taking it from where it is. A machine that does not run
    /// gets it when it starts.
    [[nodiscard]] boost::asio::awaitable<void> assign(const plan::Instance& instance,
                                                      std::string machine, std::string alias,
                                                      MoveOptions options);
    /// Takes it from whoever has it, and gives it back to the host.
    [[nodiscard]] boost::asio::awaitable<void> release(const plan::Instance& instance,
                                                       MoveOptions options);
    /// For a VMM that starts: the instance that shall stand behind its alias, at rest.
    [[nodiscard]] boost::asio::awaitable<Handover>
    acquire(std::shared_ptr<Machine> machine, std::shared_ptr<Vmm> asking, std::string alias);

    /// Carries one move out, in the turn of the caller.
    [[nodiscard]] boost::asio::awaitable<void> run(std::shared_ptr<Move> move);
    /// Waits, outside of the turn that they need themselves, for an instance that is coming back
    /// and for a machine, if there is one, that comes up. NamedError DeviceBusy, WrongState.
    [[nodiscard]] boost::asio::awaitable<void> until_free_to_move(const plan::Instance& instance,
                                                                  std::shared_ptr<Machine> to);

private:
    [[nodiscard]] boost::asio::awaitable<void> step_through(std::shared_ptr<Move> move);
    void bind(const std::shared_ptr<Move>& move);
    [[nodiscard]] boost::asio::awaitable<void> detach(std::shared_ptr<Move> move);
    void bring_to_rest(const std::shared_ptr<Move>& move);
    [[nodiscard]] boost::asio::awaitable<void> attach(std::shared_ptr<Move> move);
    [[nodiscard]] boost::asio::awaitable<void> give_back(std::shared_ptr<Move> move);
    void begin(Move& move, const char* step);

    Machines& machines_;
    Ownership& ownership_;
    DeviceHost& host_;
    Turn& turn_;
    FaultPoints& faults_;
};

} // namespace aliasvm::daemon
