// SPDX-License-Identifier: Apache-2.0
// BrokerClient: the VMM's end of the connection to aliasvmd.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/base/vm_name.hpp"
#include "common/bus/connection.hpp"
#include "vmm/control/bindings.hpp"
#include "vmm/control/broker_calls.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

namespace aliasvm::control
{

/// First enrol(), then clock_rates(), acquire_memory() and acquire(), while there is no machine
/// yet: these run the loop until the daemon has answered. Then serve(). From then on the connection
/// may come and go as it likes: the guest notices nothing, and the client connects and registers
/// again for as long as it lives.
///
/// Main thread only, on the loop's.
class BrokerClient
{
public:
    using Connect = std::function<UniqueFd()>; ///< throws what connect_to_broker() does
    using Offer = std::function<void(const std::shared_ptr<bus::Connection>&)>;
    using Describe = std::function<Presence()>;

    struct Pace
    {
        std::chrono::milliseconds patience{10'000}; ///< with the daemon, for each answer
        std::chrono::milliseconds first_retry{100}; ///< after a connection is lost
        std::chrono::milliseconds slowest_retry{2'000};
    };

    BrokerClient(boost::asio::io_context& loop, const VmName& name, Connect connect, Pace pace);
    BrokerClient(boost::asio::io_context& loop, const VmName& name, Connect connect)
        : BrokerClient{loop, name, std::move(connect), Pace{}}
    {
    }
    ~BrokerClient();
    BrokerClient(const BrokerClient&) = delete;
    BrokerClient& operator=(const BrokerClient&) = delete;

    /// Connects and registers. Throws Error and Refusal.
    [[nodiscard]] BindingMap enrol();
    /// What the host knows of its clocks. Throws Refusal.
    [[nodiscard]] plan::ClockRates clock_rates();
    /// RAM for a VM whose DMA is at identity. Throws Refusal.
    [[nodiscard]] Hugepages acquire_memory(std::uint64_t bytes);
    /// The device behind an alias. Throws Refusal.
    [[nodiscard]] Device acquire(const std::string& alias);

    /// `offer` puts the machine's objects on a connection: on this one now, and on each later one.
    /// `describe` is asked at each later registration. Both must stay until this object is gone.
    void serve(Describe describe, Offer offer);

private:
    class Impl;

    std::shared_ptr<Impl> impl_; // what waits on the loop holds it as well
};

} // namespace aliasvm::control
