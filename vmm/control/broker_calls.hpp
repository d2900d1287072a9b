// SPDX-License-Identifier: Apache-2.0
// What the VMM and aliasvmd's broker say to each other, message by message.
#pragma once

#include "common/base/address.hpp"
#include "common/base/unique_fd.hpp"
#include "common/base/vm_name.hpp"
#include "common/bus/connection.hpp"
#include "common/bus/message.hpp"
#include "common/plan/plan.hpp"
#include "vmm/control/bindings.hpp"
#include "vmm/control/exit_status.hpp"
#include "vmm/machine/machine.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace aliasvm::control
{

/// The daemon said no, or nothing; what() tells a person why.
class Refusal : public std::runtime_error
{
public:
    Refusal(ExitStatus status, const std::string& what) : std::runtime_error{what}, status_{status}
    {
    }

    /// What the process ends with.
    [[nodiscard]] ExitStatus status() const noexcept { return status_; }

private:
    ExitStatus status_;
};

/// The exit status for an error that the daemon answers with, by the error's D-Bus name:
/// configuration for BadConfiguration, unavailable where a device cannot be had, else failure.
[[nodiscard]] ExitStatus status_of_refusal(const std::string& error_name);

/// What the daemon is told of a machine that it does not know, or not any more.
struct Presence
{
    std::vector<machine::Machine::Holding> holdings;
    bool paused{};
    std::vector<UniqueFd> statistics;
};

/// A connection to the socket at `path`, non-blocking. Throws Error with the mend.
[[nodiscard]] UniqueFd connect_to_broker(const std::string& path);

/// The device behind an alias, as the broker hands it over.
struct Device
{
    std::string instance;
    std::vector<UniqueFd> descriptors; ///< the device's; behind an IOMMU its container's
};

/// RAM at guest-physical = host-physical, as the broker hands it over.
struct Hugepages
{
    std::vector<GuestRange> banks; ///< in the order of the file
    UniqueFd file;                 ///< not ok() where there is none
};

/// Calls for a connection, and what their replies hold (common/bus/names.hpp). Reading throws
/// bus::BadMessage.
[[nodiscard]] bus::Message register_call(const bus::Connection& connection, const VmName& name,
                                         const Presence& presence);
[[nodiscard]] BindingMap read_bindings(bus::Message reply);
[[nodiscard]] bus::Message acquire_call(const bus::Connection& connection,
                                        const std::string& alias);
[[nodiscard]] Device read_device(bus::Message reply);
[[nodiscard]] bus::Message clock_rates_call(const bus::Connection& connection);
[[nodiscard]] plan::ClockRates read_clock_rates(bus::Message reply);
[[nodiscard]] bus::Message acquire_memory_call(const bus::Connection& connection,
                                               std::uint64_t bytes);
/// `bytes` in all, in whole hugepages; anything else throws bus::BadMessage.
[[nodiscard]] Hugepages read_hugepages(bus::Message reply, std::uint64_t bytes);

} // namespace aliasvm::control
