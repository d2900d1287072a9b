// SPDX-License-Identifier: Apache-2.0
// Context: what the objects on the bus work with.
#pragma once

#include "common/bus/connection.hpp"
#include "daemon/faces/authorization.hpp"
#include "daemon/host/host_devices.hpp"
#include "daemon/host/irq_counter.hpp"
#include "daemon/moves/reconciler.hpp"
#include "daemon/ownership/machines.hpp"
#include "daemon/ownership/ownership.hpp"
#include "daemon/ports/fixed_memory.hpp"
#include "daemon/ports/units.hpp"

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
    Ownership& ownership;
    Moves& moves;
    Reconciler& reconciler;
    Units& units;
    HostDevices& host_devices;
    IrqCounter& irq_counter;
    Authorization& authorization;
    const FixedMemory& fixed_memory;
};

} // namespace aliasvm::daemon
