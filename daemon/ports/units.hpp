// SPDX-License-Identifier: Apache-2.0
// Units: the port to systemd's units.
#pragma once

#include "common/base/vm_name.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility> // awaitable.hpp of Boost 1.74 uses it without
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

/// What systemd knows of a VM's unit.
struct UnitFacts
{
    std::string active{"inactive"}; ///< ActiveState
    std::string sub{"dead"};        ///< SubState
    std::string result{"success"};  ///< Result
    std::string status;             ///< STATUS= of sd_notify
    std::uint32_t main_pid{};
    std::int32_t exit_status{}; ///< ExecMainStatus, of the last run

    [[nodiscard]] bool down() const { return active == "inactive" || active == "failed"; }
    friend bool operator==(const UnitFacts&, const UnitFacts&) = default;
};

/// vm@NAME.service of every machine. Throws Error or NamedError.
class Units
{
public:
    /// Called whenever something about a machine's unit may have changed.
    using OnChange = std::function<void(const VmName&, const UnitFacts&)>;

    virtual ~Units() = default;

    virtual void on_change(OnChange call) = 0;
    /// Facts of every VM that is up now.
    [[nodiscard]] virtual boost::asio::awaitable<std::vector<VmName>> running() = 0;
    /// Waits for the job: its result, "done" if it went well.
    [[nodiscard]] virtual boost::asio::awaitable<std::string> start(VmName name) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<std::string> stop(VmName name) = 0;
};

} // namespace aliasvm::daemon
