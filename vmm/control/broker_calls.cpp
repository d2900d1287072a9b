// SPDX-License-Identifier: Apache-2.0
// Making and reading the broker's messages.
#include "vmm/control/broker_calls.hpp"

#include "common/base/error.hpp"
#include "common/bus/names.hpp"
#include "common/plan/memory_layout.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

#include <fmt/format.h>

namespace aliasvm::control
{

namespace error_name = bus::error_name;
using bus::Message;

ExitStatus status_of_refusal(const std::string& name)
{
    if (name == error_name::bad_configuration)
        return ExitStatus::configuration;
    for (const char* const unavailable :
         {error_name::device_busy, error_name::held_by_driver, error_name::alias_mismatch,
          error_name::no_iommu, error_name::group_not_viable, error_name::device_blocked,
          error_name::no_such_device, error_name::identity_not_allowed, error_name::no_hugepages})
    {
        if (name == unavailable)
            return ExitStatus::unavailable;
    }
    return ExitStatus::failure;
}

UniqueFd connect_to_broker(const std::string& path)
{
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path.size() >= sizeof to.sun_path)
        throw Error{ENAMETOOLONG, "connect to aliasvmd at {}", path};
    path.copy(to.sun_path, path.size());
    UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket.ok())
        throw Error{errno, "connect to aliasvmd: create a socket"};
    // A Unix socket connects at once or not at all: EAGAIN means a queue that is full.
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        throw Error{errno, "connect to aliasvmd at {} (is aliasvmd.socket started?)", path};
    return socket;
}

Message register_call(const bus::Connection& connection, const VmName& name,
                      const Presence& presence)
{
    Message call = connection.new_call(nullptr, bus::root_path, bus::broker_interface, "Register");
    call.append("s", name.str().c_str()).open('a', "(ss)");
    for (const auto& held : presence.holdings)
        call.append("(ss)", held.alias.c_str(), held.instance.c_str());
    call.close().append("b", presence.paused ? 1 : 0).open('a', "h");
    for (const UniqueFd& source : presence.statistics)
        call.append("h", source.get());
    call.close();
    return call;
}

BindingMap read_bindings(Message reply)
{
    BindingMap bindings;
    if (!reply.enter('a', "{ss}"))
        throw bus::BadMessage{"aliasvmd answers Register without bindings"};
    const char* alias = nullptr;
    const char* instance = nullptr;
    while (reply.read_next("{ss}", &alias, &instance))
        bindings.insert_or_assign(alias, instance);
    reply.exit();
    return bindings;
}

Message acquire_call(const bus::Connection& connection, const std::string& alias)
{
    Message call = connection.new_call(nullptr, bus::root_path, bus::broker_interface, "Acquire");
    call.append("s", alias.c_str());
    return call;
}

Device read_device(Message reply)
{
    Device device{reply.read_string(), {}};
    if (!reply.enter('a', "h"))
        throw bus::BadMessage{"aliasvmd answers Acquire without descriptors"};
    while (sd_bus_message_at_end(reply.get(), 0) == 0)
        device.descriptors.push_back(reply.read_fd());
    reply.exit();
    return device;
}

Message clock_rates_call(const bus::Connection& connection)
{
    return connection.new_call(nullptr, bus::root_path, bus::broker_interface, "ClockRates");
}

plan::ClockRates read_clock_rates(Message reply)
{
    plan::ClockRates rates;
    if (!reply.enter('a', "{uu}"))
        throw bus::BadMessage{"aliasvmd answers ClockRates without rates"};
    std::uint32_t firmware_id = 0;
    std::uint32_t hertz = 0;
    while (reply.read_next("{uu}", &firmware_id, &hertz))
        rates.insert_or_assign(firmware_id, hertz);
    reply.exit();
    return rates;
}

Message acquire_memory_call(const bus::Connection& connection, std::uint64_t bytes)
{
    Message call =
        connection.new_call(nullptr, bus::root_path, bus::broker_interface, "AcquireMemory");
    call.append("t", bytes);
    return call;
}

Hugepages read_hugepages(Message reply, std::uint64_t bytes)
{
    Hugepages hugepages;
    if (!reply.enter('a', "(tt)"))
        throw bus::BadMessage{"aliasvmd answers AcquireMemory without banks"};
    std::uint64_t total = 0;
    GuestRange bank;
    while (reply.read_next("(tt)", &bank.base.value, &bank.size))
    {
        if (bank.size == 0 || bank.base.value % plan::hugepage_size != 0 ||
            bank.size % plan::hugepage_size != 0 || bank.size > bytes - total || !bank.valid())
            throw bus::BadMessage{
                fmt::format("aliasvmd answers AcquireMemory with a bank [0x{:x}+0x{:x}], where {} "
                            "bytes of hugepages are due",
                            bank.base.value, bank.size, bytes - total)};
        hugepages.banks.push_back(bank);
        total += bank.size;
    }
    reply.exit();
    if (total != bytes)
        throw bus::BadMessage{fmt::format(
            "aliasvmd answers AcquireMemory with {} bytes, where {} are due", total, bytes)};
    hugepages.file = reply.read_fd();
    return hugepages;
}

} // namespace aliasvm::control
