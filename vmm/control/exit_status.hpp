// SPDX-License-Identifier: Apache-2.0
// The exit statuses of aliasvm-vmm, which are its interface to systemd.
#pragma once

namespace aliasvm::control
{

/// vm@.service relies on these numbers.
enum class ExitStatus : int
{
    success = 0,      ///< the guest powered off, or was stopped
    failure = 1,      ///< the machine could not be made or could not go on
    unavailable = 69, ///< EX_UNAVAILABLE: somebody else has a device, or it cannot be had as it is
    configuration = 78, ///< EX_CONFIG: not restarted, a restart would not mend it
    reset = 133,        ///< the guest asked for a reset: RestartForceExitStatus=
};

} // namespace aliasvm::control
