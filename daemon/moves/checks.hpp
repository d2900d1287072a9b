// SPDX-License-Identifier: Apache-2.0
// What must be so before an instance moves. Nothing has changed when one of these throws.
#pragma once

#include "daemon/moves/move.hpp"
#include "daemon/ownership/machines.hpp"
#include "daemon/ownership/ownership.hpp"
#include "daemon/ports/device_host.hpp"

#include <string_view>

namespace aliasvm::daemon
{

/// This host has it. NamedError NoSuchDevice.
void require_present(const DeviceHost& host, const plan::Instance& instance);

/// A bus master reaches what its machine's RAM was laid out for, or it may not go there. Known once
/// it is bound. NamedError NoIommu, and those of Machines::plan().
void require_reach(const DeviceHost& host, const Machines& machines, const Machine& machine,
                   std::string_view alias, const plan::Instance& instance);

/// The instance is there, not blocked, and with nobody who does not answer, and it fits behind the
/// alias, which is empty or has it already. Says in the move from whom it is taken. NamedError
/// NoSuchDevice, DeviceBlocked, DeviceBusy, AliasInUse, and those of Machines::plan().
void check(const DeviceHost& host, Machines& machines, const Ownership& ownership, Move& move);

} // namespace aliasvm::daemon
