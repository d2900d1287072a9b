// SPDX-License-Identifier: Apache-2.0
// Client: calls of aliasvmd over a bus, one at a time, each waited for.
#pragma once

#include "common/bus/message.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include <systemd/sd-bus.h>

namespace aliasvm::cli
{

/// There is no bus, or nobody on it who is or would become org.aliasvm1. what() has the mend.
class Unreachable : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// How long a reply may take.
enum class Patience : std::uint8_t
{
    usual,   ///< 25 s: for what is answered at once
    forever, ///< for what takes as long as a guest needs to stop; aliasvmd bounds it
};

class Client
{
public:
    using Fill = std::function<void(bus::Message&)>;

    /// An empty address is the system bus. Throws Unreachable.
    explicit Client(const std::string& address);

    /// `fill` appends the arguments. Throws bus::NamedError for an error reply, Unreachable if
    /// there is nobody to reply.
    bus::Message call(const std::string& path, const char* interface, const char* member,
                      Patience patience = Patience::usual, const Fill& fill = {});
    /// A string property of any service of the bus. Throws bus::NamedError.
    [[nodiscard]] std::string property(const char* service, const std::string& path,
                                       const char* interface, const char* name);

private:
    bus::Message send(const bus::Message& message, Patience patience);

    struct Close
    {
        void operator()(sd_bus* bus) const noexcept { sd_bus_flush_close_unref(bus); }
    };
    std::unique_ptr<sd_bus, Close> bus_;
};

} // namespace aliasvm::cli
