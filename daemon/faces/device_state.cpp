// SPDX-License-Identifier: Apache-2.0
// Where it is, in one word; of what the host has, sysfs knows more.
#include "daemon/faces/device_state.hpp"

#include <variant>

namespace aliasvm::daemon
{

const char* device_state(const Ownership& ownership, const HostDevices& host_devices,
                         const plan::Instance& instance)
{
    const Place& place = ownership.place(instance);
    if (std::holds_alternative<WithMachine>(place))
        return "assigned";
    if (std::holds_alternative<WithDaemon>(place))
        return "idle";
    if (std::holds_alternative<Returning>(place))
        return "returning";
    if (std::holds_alternative<Blocked>(place))
        return "blocked";
    const HostInstance host = host_devices.look(instance);
    if (!host.present)
        return "absent";
    return host.driver.empty() ? "available" : "host";
}

} // namespace aliasvm::daemon
