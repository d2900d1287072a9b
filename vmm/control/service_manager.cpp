// SPDX-License-Identifier: Apache-2.0
// The notify protocol, by libsystemd.
#include "vmm/control/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <cstdint>

#include <fmt/format.h>

namespace aliasvm::control
{

namespace
{

void notify(const std::string& state)
{
    // Without a manager there is nobody to tell, and a manager that went away cannot be helped.
    sd_notify(0, state.c_str());
}

} // namespace

void ServiceManager::ready(std::string_view status) const
{
    notify(fmt::format("READY=1\nSTATUS={}", status));
}

void ServiceManager::status(std::string_view status) const
{
    notify(fmt::format("STATUS={}", status));
}

void ServiceManager::stopping(std::string_view status, std::chrono::microseconds at_most) const
{
    notify(fmt::format("STOPPING=1\nSTATUS={}\nEXTEND_TIMEOUT_USEC={}", status, at_most.count()));
}

void ServiceManager::watchdog_ping() const
{
    notify("WATCHDOG=1");
}

std::optional<std::chrono::microseconds> ServiceManager::watchdog_interval() const
{
    std::uint64_t allowed = 0;
    if (sd_watchdog_enabled(0, &allowed) <= 0)
        return std::nullopt;
    return std::chrono::microseconds{allowed / 3};
}

} // namespace aliasvm::control
