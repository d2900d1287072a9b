// SPDX-License-Identifier: Apache-2.0
// Tells systemd-machined of VMs, where there is one: machinectl then lists them.
#pragma once

#include "common/bus/connection.hpp"
#include "daemon/ownership/machine.hpp"

#include <memory>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

/// org.freedesktop.machine1(5), RegisterMachine: for VM managers that are services themselves, one
/// instance for each VM. machined drops the machine when its unit ends. Without a machined nothing
/// happens; a machine that it knows already is content. Never throws.
[[nodiscard]] boost::asio::awaitable<void>
register_with_machined(std::shared_ptr<bus::Connection> connection,
                       std::shared_ptr<Machine> machine);

} // namespace aliasvm::daemon
