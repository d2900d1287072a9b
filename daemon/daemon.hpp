// SPDX-License-Identifier: Apache-2.0
// The daemon's process: loop, signals, systemd, the name on the bus.
#pragma once

#include "daemon/ports/fault_points.hpp"

#include <string>

namespace aliasvm::daemon
{

struct DaemonOptions
{
    std::string catalogue;
    std::string configuration_folder{"/etc/aliasvm"};
    std::string runtime_folder{"/run/aliasvm"};
};

/// Runs until SIGTERM or SIGINT, or until the bus is lost; the exit status. Throws Error for what
/// it cannot start with. `faults` is for the program that tests run.
[[nodiscard]] int run_daemon(const DaemonOptions& options, FaultPoints& faults);

} // namespace aliasvm::daemon
