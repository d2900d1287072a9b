// SPDX-License-Identifier: Apache-2.0
// Reconciler: brings instances to where they shall be when nobody asks for it.
#pragma once

#include "common/plan/catalogue.hpp"
#include "daemon/async/turn.hpp"
#include "daemon/moves/moves.hpp"
#include "daemon/ownership/machines.hpp"
#include "daemon/ownership/ownership.hpp"

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

/// Where an instance shall be is written down, and which machines run is systemd's to say; where it
/// is may differ from both when a VMM or the daemon before this one has died. Each of these mends
/// that in one change, made in its turn, and throws NamedError. Main thread.
class Reconciler
{
public:
    Reconciler(const plan::Catalogue& catalogue, Machines& machines, Ownership& ownership,
               Turn& turn, Moves& moves)
        : catalogue_{catalogue}, machines_{machines}, ownership_{ownership}, turn_{turn}, moves_{
                                                                                              moves}
    {
    }

    /// Makes an instance stand where it shall: after a restart of the daemon, and when a machine
    /// has come up or gone down. Nothing to do if it does.
    [[nodiscard]] boost::asio::awaitable<void> reconcile(const plan::Instance& instance);
    /// Brings to rest what a VMM had that is gone. Waits as long as its process has it open.
    [[nodiscard]] boost::asio::awaitable<void> reclaim(const plan::Instance& instance);
    /// Brings an instance that no machine has to rest, again if it is blocked. This one is a
    /// person's wish; DeviceBusy, WrongState or DeviceBlocked if it cannot be.
    [[nodiscard]] boost::asio::awaitable<void> quiesce(const plan::Instance& instance);
    /// Brings to rest, and keeps, every bus master that a machine may have left behind, and waits
    /// for those that come back. A blocked one stays blocked.
    [[nodiscard]] boost::asio::awaitable<void> bring_masters_to_rest();

private:
    [[nodiscard]] boost::asio::awaitable<bool> keep_at_rest(const plan::Instance& instance);
    void release_unless_awaited(const plan::Instance& instance);
    [[nodiscard]] bool awaited(const plan::Instance& instance);
    [[nodiscard]] std::pair<std::shared_ptr<Machine>, std::string>
    empty_alias_for(const plan::Instance& instance);

    const plan::Catalogue& catalogue_;
    Machines& machines_;
    Ownership& ownership_;
    Turn& turn_;
    Moves& moves_;
};

} // namespace aliasvm::daemon
