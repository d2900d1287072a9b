// SPDX-License-Identifier: Apache-2.0
// Authorization: who may change something.
#pragma once

#include "common/bus/connection.hpp"

#include <memory>

namespace aliasvm::daemon
{

/// What a person may be allowed to do; the actions of polkit.
namespace action
{
inline constexpr const char* manage_machines = "org.aliasvm1.manage-machines";
inline constexpr const char* assign_devices = "org.aliasvm1.assign-devices";
} // namespace action

/// Root may do everything. Others may do what polkit says, and nothing where it is not installed.
class Authorization
{
public:
    explicit Authorization(std::shared_ptr<bus::Connection> connection)
        : connection_{std::move(connection)}
    {
    }

    /// NamedError AccessDenied, naming the action, unless the sender of the call may. If the sender
    /// allows it (ALLOW_INTERACTIVE_AUTHORIZATION), this may wait for a person's password.
    [[nodiscard]] boost::asio::awaitable<void> require(const bus::Message& call,
                                                       const char* action_id) const;

private:
    [[nodiscard]] boost::asio::awaitable<bool> ask_polkit(std::string sender, bool interactive,
                                                          const char* action_id) const;

    std::shared_ptr<bus::Connection> connection_;
};

} // namespace aliasvm::daemon
