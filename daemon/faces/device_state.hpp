// SPDX-License-Identifier: Apache-2.0
// The State of a device on the bus.
#pragma once

#include "daemon/host/host_devices.hpp"
#include "daemon/ownership/ownership.hpp"

namespace aliasvm::daemon
{

/// absent, host (a driver of it), available (nobody), idle (open here, at rest), assigned,
/// returning, blocked.
[[nodiscard]] const char* device_state(const Ownership& ownership, const HostDevices& host_devices,
                                       const plan::Instance& instance);

} // namespace aliasvm::daemon
