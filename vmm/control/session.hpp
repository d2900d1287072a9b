// SPDX-License-Identifier: Apache-2.0
// One run of a VM: from its configuration to its exit status.
#pragma once

#include "common/kvm/port.hpp"
#include "common/plan/catalogue.hpp"
#include "common/plan/config.hpp"
#include "vmm/control/broker_client.hpp"
#include "vmm/control/exit_status.hpp"
#include "vmm/control/machine_object.hpp"

#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>

namespace aliasvm::control
{

/// What a run has to do with outside of this process.
struct Outside
{
    kvm::System& system;
    DeviceSource devices;
    BrokerClient::Connect connect; ///< to the daemon
    std::string runtime;           ///< folder for console sockets
    /// Called when everything is open that ever will be, all threads are there, and nothing of the
    /// guest has run; if it throws, nothing ever will.
    std::function<void()> confine;
};

/// Registers with the daemon, plans with the bindings that it says, gets the devices, makes the
/// machine, serves it, confines the process, powers the machine on and stays until its end.
/// Problems of the configuration are logged, and the daemon is not troubled with them. Throws Error
/// and Refusal. The calling thread is the main thread; nobody else runs the loop.
[[nodiscard]] ExitStatus run_session(boost::asio::io_context& loop, plan::Config config,
                                     const plan::Catalogue& catalogue, Outside& outside);

} // namespace aliasvm::control
