// SPDX-License-Identifier: Apache-2.0
// syslog's names for spdlog's levels.
#include "daemon/faces/log_control.hpp"

#include "common/bus/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include <spdlog/spdlog.h>

namespace aliasvm::daemon
{

namespace
{

struct Level
{
    const char* name;
    spdlog::level::level_enum level;
};

/// Of two that mean the same to spdlog the first is what is read back.
constexpr std::array levels{
    Level{"debug", spdlog::level::debug},    Level{"info", spdlog::level::info},
    Level{"notice", spdlog::level::info},    Level{"warning", spdlog::level::warn},
    Level{"err", spdlog::level::err},        Level{"crit", spdlog::level::critical},
    Level{"alert", spdlog::level::critical}, Level{"emerg", spdlog::level::critical},
};

int read_level(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*,
               sd_bus_error*)
{
    const auto* const found = std::ranges::find(levels, spdlog::get_level(), &Level::level);
    return sd_bus_message_append(reply, "s", found == levels.end() ? "info" : found->name);
}

int write_level(sd_bus*, const char*, const char*, const char*, sd_bus_message* value, void*,
                sd_bus_error* error)
{
    const char* name = nullptr;
    if (const int read = sd_bus_message_read(value, "s", &name); read < 0)
        return read;
    const auto* const found = std::ranges::find(
        levels, std::string_view{name}, [](const Level& l) { return std::string_view{l.name}; });
    if (found == levels.end())
        return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                 "no log level \"%s\": write one of syslog's", name);
    spdlog::set_level(found->level);
    return 1;
}

int read_target(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*,
                sd_bus_error*)
{
    return sd_bus_message_append(reply, "s", "console");
}

int write_target(sd_bus*, const char*, const char*, const char*, sd_bus_message* value, void*,
                 sd_bus_error* error)
{
    const char* name = nullptr;
    if (const int read = sd_bus_message_read(value, "s", &name); read < 0)
        return read;
    if (std::string_view{name} == "console")
        return 1;
    return sd_bus_error_setf(error, SD_BUS_ERROR_NOT_SUPPORTED,
                             "the log goes to standard error; there is no target \"%s\"", name);
}

int read_identifier(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*,
                    sd_bus_error*)
{
    return sd_bus_message_append(reply, "s", "aliasvmd");
}

} // namespace

const sd_bus_vtable LogControl::vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", read_level, write_level, 0, 0),
    SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", read_target, write_target, 0, 0),
    SD_BUS_PROPERTY("SyslogIdentifier", "s", read_identifier, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_VTABLE_END,
};

LogControl::LogControl(std::shared_ptr<bus::Connection> connection)
    : connection_{std::move(connection)}
{
    sd_bus_slot* slot = nullptr;
    bus::require(sd_bus_add_object_vtable(connection_->raw(), &slot, "/org/freedesktop/LogControl1",
                                          "org.freedesktop.LogControl1", vtable, this),
                 "offer control of the log");
    slot_ = bus::Slot{slot};
}

} // namespace aliasvm::daemon
