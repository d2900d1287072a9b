// SPDX-License-Identifier: Apache-2.0
// Blocking calls: a command has nothing else to do while it waits.
#include "cli/client.hpp"

#include "common/bus/error.hpp"
#include "common/bus/names.hpp"

#include <cstdint>
#include <system_error>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

/// The bus says of a service that it is not there, and could not be started.
bool nobody_there(const std::string& error_name)
{
    return error_name == SD_BUS_ERROR_SERVICE_UNKNOWN ||
           error_name == SD_BUS_ERROR_NAME_HAS_NO_OWNER ||
           error_name.starts_with("org.freedesktop.DBus.Error.Spawn.") ||
           error_name.starts_with("org.freedesktop.systemd1.");
}

void require_connected(int answer, const std::string& address)
{
    if (answer >= 0)
        return;
    const std::string why = std::generic_category().message(-answer);
    if (address.empty())
        throw Unreachable{fmt::format("cannot connect to the system bus: {}; start it with "
                                      "\"systemctl start dbus.socket\"",
                                      why)};
    throw Unreachable{fmt::format("cannot connect to the bus at {}: {}; give the address of a bus "
                                  "that runs",
                                  address, why)};
}

sd_bus* connect(const std::string& address)
{
    sd_bus* bus = nullptr;
    if (address.empty())
    {
        require_connected(sd_bus_open_system(&bus), address);
        return bus;
    }
    require_connected(sd_bus_new(&bus), address);
    int answer = sd_bus_set_address(bus, address.c_str());
    if (answer >= 0)
        answer = sd_bus_set_bus_client(bus, 1);
    if (answer >= 0)
        answer = sd_bus_negotiate_fds(bus, 1);
    if (answer >= 0)
        answer = sd_bus_start(bus);
    if (answer < 0)
        sd_bus_unref(bus);
    require_connected(answer, address);
    return bus;
}

} // namespace

Client::Client(const std::string& address) : bus_{connect(address)}
{
    // Lets polkit ask for a password where it has an agent to ask with.
    sd_bus_set_allow_interactive_authorization(bus_.get(), 1);
}

bus::Message Client::call(const std::string& path, const char* interface, const char* member,
                          Patience patience, const Fill& fill)
{
    sd_bus_message* raw = nullptr;
    bus::require(sd_bus_message_new_method_call(bus_.get(), &raw, bus::service_name, path.c_str(),
                                                interface, member),
                 "make a method call");
    bus::Message message{raw};
    if (fill)
        fill(message);
    try
    {
        return send(message, patience);
    }
    catch (const bus::NamedError& error)
    {
        if (nobody_there(error.name()))
            throw Unreachable{fmt::format("aliasvmd does not run and was not started: {}; start it "
                                          "with \"systemctl start aliasvmd.service\"",
                                          error.what())};
        throw;
    }
}

std::string Client::property(const char* service, const std::string& path, const char* interface,
                             const char* name)
{
    sd_bus_message* raw = nullptr;
    bus::require(sd_bus_message_new_method_call(bus_.get(), &raw, service, path.c_str(),
                                                "org.freedesktop.DBus.Properties", "Get"),
                 "make a method call");
    bus::Message message{raw};
    message.append("ss", interface, name);
    bus::Message reply = send(message, Patience::usual);
    const char* value = nullptr;
    reply.read("v", "s", &value);
    return value;
}

bus::Message Client::send(const bus::Message& message, Patience patience)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message* reply = nullptr;
    const std::uint64_t timeout = patience == Patience::forever ? UINT64_MAX : 0;
    const int answer = sd_bus_call(bus_.get(), message.get(), timeout, &error, &reply);
    if (answer < 0)
    {
        bus::NamedError named{error.name != nullptr ? error.name : bus::error_name::failed, "{}",
                              error.message != nullptr ? error.message
                                                       : std::generic_category().message(-answer)};
        sd_bus_error_free(&error);
        throw named;
    }
    return bus::Message{reply};
}

} // namespace aliasvm::cli
