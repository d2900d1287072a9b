// SPDX-License-Identifier: Apache-2.0
// Does what a VMM does, without a machine.
#include "tests/unit/service/fake_vmm.hpp"

#include "common/base/error.hpp"
#include "common/bus/method.hpp"
#include "common/bus/names.hpp"
#include "common/bus/pause_options.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace aliasvm::service
{

namespace asio = boost::asio;
using bus::Message;
using namespace std::chrono_literals;

FakeVmm::FakeVmm(asio::io_context& io, FakeDevices& devices, VmName name)
    : io_{io}, devices_{devices}, name_{std::move(name)}
{
}

asio::awaitable<void> FakeVmm::connect(std::string socket)
{
    UniqueFd end{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
    if (::connect(end.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw Error{errno, "connect to {}", socket};
    connection_ = bus::Connection::peer(io_, std::move(end));
    const std::string path = bus::machine_path(name_);
    for (const auto& [interface, vtable] : {std::pair{bus::aliases_interface, aliases_vtable},
                                            std::pair{bus::machine_interface, machine_vtable}})
    {
        sd_bus_slot* slot = nullptr;
        bus::require(sd_bus_add_object_vtable(connection_->raw(), &slot, path.c_str(), interface,
                                              vtable, this),
                     "offer a machine");
        objects_.emplace_back(slot);
    }
    connection_->start([](int) {});
    co_await claim(name_.str());
}

asio::awaitable<void> FakeVmm::claim(std::string name)
{
    Message call =
        connection_->new_call(nullptr, bus::root_path, bus::broker_interface, "Register");
    call.append("s", name.c_str()).open('a', "(ss)");
    for (const auto& [alias, instance] : holding)
        call.append("(ss)", alias.c_str(), instance.c_str());
    call.close().append("b", paused ? 1 : 0).append("ah", 0);
    Message reply = co_await connection_->call(std::move(call), 30s);
    const char* alias = nullptr;
    const char* instance = nullptr;
    for (bool any = reply.enter('a', "{ss}"); any && reply.read_next("{ss}", &alias, &instance);)
        bindings[alias] = instance;
}

asio::awaitable<void> FakeVmm::acquire(std::string alias)
{
    if (!connection_)
        throw Error{ENOTCONN, "acquire {}: {} has died", alias, name_.str()};
    Message call = connection_->new_call(nullptr, bus::root_path, bus::broker_interface, "Acquire");
    call.append("s", alias.c_str());
    Message reply = co_await connection_->call(std::move(call), 30s);
    if (!connection_)
        throw Error{ENOTCONN, "acquire {}: {} has died", alias, name_.str()};
    holding[alias] = reply.read_string();
    devices_.elsewhere[holding[alias]] = name_.str();
}

asio::awaitable<std::string> FakeVmm::acquire_memory(std::uint64_t bytes)
{
    Message call =
        connection_->new_call(nullptr, bus::root_path, bus::broker_interface, "AcquireMemory");
    call.append("t", bytes);
    Message reply = co_await connection_->call(std::move(call), 30s);
    std::string pieces;
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    for (bool any = reply.enter('a', "(tt)"); any && reply.read_next("(tt)", &address, &size);)
        pieces += fmt::format("{}{:#x}+{:#x}", pieces.empty() ? "" : " ", address, size);
    reply.exit();
    if (::fcntl(reply.read_fd().get(), F_GETFD) < 0)
        throw Error{errno, "use the memory"};
    co_return pieces;
}

void FakeVmm::lose_connection()
{
    connection_->close();
    objects_.clear();
    unanswered_.clear();
    connection_.reset(); // closes the socket
}

void FakeVmm::die()
{
    for (const auto& [alias, instance] : holding)
        devices_.elsewhere.erase(instance);
    holding.clear();
    if (connection_)
        lose_connection();
}

bool FakeVmm::note(const char* member, const std::string& words)
{
    calls.push_back(words);
    if (refuse_next != member)
        return true;
    refuse_next.clear();
    throw bus::NamedError{bus::error_name::failed, "{} refused by the test", member};
}

void FakeVmm::attach(Message call)
{
    const std::string alias = call.read_string();
    const std::string instance = call.read_string();
    const bool as_left = call.read_bool();
    if (silent)
        return unanswered_.push_back(call);
    note("Attach", "attach " + alias + " " + instance);
    if (!call.enter('a', "h"))
        throw bus::BadMessage{"no descriptors"};
    const UniqueFd device = call.read_fd();
    if (!holding.emplace(alias, instance).second)
        throw bus::NamedError{bus::error_name::alias_in_use, "{} is taken", alias};
    devices_.elsewhere[instance] = name_.str();
    if (const auto left = left_.find(instance); as_left && left != left_.end())
        devices_.restore(instance, left->second);
    call.new_reply().append("t", std::uint64_t{12}).send();
}

void FakeVmm::detach(Message call)
{
    const std::string alias = call.read_string();
    if (silent)
        return unanswered_.push_back(call);
    note("Detach", "detach " + alias);
    const auto found = holding.find(alias);
    if (found == holding.end())
        throw bus::NamedError{bus::error_name::no_such_alias, "nothing behind {}", alias};
    devices_.elsewhere.erase(found->second);
    left_.insert_or_assign(found->second, devices_.save(found->second));
    holding.erase(found);
    if (on_detach)
        on_detach();
    call.new_reply().append("t", std::uint64_t{34}).send();
}

void FakeVmm::pause(Message call)
{
    note("Pause", "pause");
    if (on_pause)
        on_pause();
    if (silent)
        return unanswered_.push_back(call);
    paused = true;
    call.new_reply().send();
}

void FakeVmm::pause_with_options(Message call)
{
    const bool runs = bus::read_pause_options(call) == GuestClock::runs;
    note("PauseWithOptions", runs ? "pause, clock runs" : "pause, clock stands");
    paused = true;
    call.new_reply().send();
}

void FakeVmm::resume(Message call)
{
    note("Resume", "resume");
    paused = false;
    call.new_reply().send();
}

void FakeVmm::end(Message call)
{
    note(sd_bus_message_get_member(call.get()), sd_bus_message_get_member(call.get()));
    call.new_reply().send();
    if (on_end)
        asio::post(io_, on_end);
}

void FakeVmm::open_console(Message call)
{
    note("OpenConsole", "console");
    const UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    call.new_reply().append("h", null.get()).send();
}

void FakeVmm::device_tree(Message call)
{
    note("DumpDeviceTree", "tree");
    call.new_reply().append_bytes({std::byte{0xd0}, std::byte{0x0d}}).send();
}

const sd_bus_vtable FakeVmm::aliases_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Attach", "ssbah", "t", bus::method<&FakeVmm::attach>,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Detach", "s", "t", bus::method<&FakeVmm::detach>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

const sd_bus_vtable FakeVmm::machine_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Pause", "", "", bus::method<&FakeVmm::pause>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("PauseWithOptions", "a{sv}", "", bus::method<&FakeVmm::pause_with_options>,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Resume", "", "", bus::method<&FakeVmm::resume>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Reset", "", "", bus::method<&FakeVmm::end>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("PowerOff", "", "", bus::method<&FakeVmm::end>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("OpenConsole", "", "h", bus::method<&FakeVmm::open_console>,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("DumpDeviceTree", "", "ay", bus::method<&FakeVmm::device_tree>,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

} // namespace aliasvm::service
