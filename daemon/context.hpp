// SPDX-License-Identifier: Apache-2.0
// Context: what the objects on the bus work with.
#pragma once

#include "common/bus/connection.hpp"
#include "daemon/authorization.hpp"
#include "daemon/custody.hpp"
#include "daemon/inventory.hpp"
#include "daemon/irq_counter.hpp"
#include "daemon/machines.hpp"
#include "daemon/ports.hpp"
#include "daemon/transfer.hpp"

#include <functional>
#include <memory>

namespace aliasvm::daemon
{

/// All of it outlives the objects.
struct Context
{
    boost::asio::io_context& io;
    std::shared_ptr<bus::Connection> connection;
    const plan::Catalogue& catalogue;
    Machines& machines;
    Custody& custody;
    Transfers& transfers;
    Units& units;
    Inventory& inventory;
    IrqCounter& irq_counter;
    Authorization& authorization;
    const FixedMemory& fixed_memory;
};

} // namespace aliasvm::daemon
