// SPDX-License-Identifier: Apache-2.0
// ServiceManager: what the process tells systemd about itself.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace aliasvm::control
{

/// sd_notify(3) and sd_watchdog_enabled(3). Everything does nothing when the process was not
/// started by systemd. Main thread.
class ServiceManager
{
public:
    void ready(std::string_view status) const;
    void status(std::string_view status) const;
    /// Says that the process is about to end, and how long that may take.
    void stopping(std::string_view status, std::chrono::microseconds at_most) const;
    void watchdog_ping() const;

    /// How often to ping, a third of what systemd allows; nothing if it does not watch.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval() const;
};

} // namespace aliasvm::control
