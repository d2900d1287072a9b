// SPDX-License-Identifier: Apache-2.0
// NamedError: a failure that goes over D-Bus under a name of its own.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <systemd/sd-bus.h>

namespace aliasvm::bus
{

/// `name` is what a program looks at ("org.aliasvm1.Error.DeviceBusy"), what() what a person reads.
/// Thrown by methods, and by Connection::call() for an error reply.
class NamedError : public std::runtime_error
{
public:
    template <class... Args>
    NamedError(std::string name, fmt::format_string<Args...> what, Args&&... args)
        : std::runtime_error{fmt::format(what, std::forward<Args>(args)...)}, name_{std::move(name)}
    {
    }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
    std::string name_;
};

/// Names of our own.
namespace error_name
{
inline constexpr const char* access_denied = "org.freedesktop.DBus.Error.AccessDenied";
inline constexpr const char* invalid_args = "org.freedesktop.DBus.Error.InvalidArgs";
inline constexpr const char* no_reply = "org.freedesktop.DBus.Error.NoReply";
inline constexpr const char* failed = "org.aliasvm1.Error.Failed";
} // namespace error_name

/// For the answers of libsystemd, which are negative errnos: throws Error that names the act.
int require(int answer, const char* act);

/// What to reply for an exception: its name if it has one, InvalidArgs for EINVAL and ENXIO out of
/// a message's contents, else error_name::failed. Must be called while it is being handled. Returns
/// the negative number that an sd-bus handler returns.
int reply_for_current_exception(sd_bus_error* error) noexcept;

} // namespace aliasvm::bus
