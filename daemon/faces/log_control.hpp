// SPDX-License-Identifier: Apache-2.0
// LogControl: org.freedesktop.LogControl1, for systemctl service-log-level.
#pragma once

#include "common/bus/connection.hpp"

#include <memory>

namespace aliasvm::daemon
{

/// org.freedesktop.LogControl1(5). The level is spdlog's; the target is standard error, which is
/// the journal, and cannot be changed. Only root may write: the bus sees to it by sd-bus's default
/// for properties. Main thread.
class LogControl
{
public:
    explicit LogControl(std::shared_ptr<bus::Connection> connection);

private:
    static const sd_bus_vtable vtable[];

    std::shared_ptr<bus::Connection> connection_;
    bus::Slot slot_;
};

} // namespace aliasvm::daemon
