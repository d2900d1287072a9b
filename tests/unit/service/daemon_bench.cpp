// SPDX-License-Identifier: Apache-2.0
// One thread runs both loops, in turns.
#include "tests/unit/service/daemon_bench.hpp"

#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace aliasvm::service
{

namespace asio = boost::asio;
namespace fs = std::filesystem;
using bus::Message;
using namespace std::chrono_literals;

namespace
{

constexpr const char* service_under_test = "org.aliasvm1";

UniqueFd listen_at(const std::string& path)
{
    fs::remove(path);
    UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket.get(), 16) != 0)
        throw Error{errno, "listen at {}", path};
    return socket;
}

fs::path make_folder()
{
    std::string name = fs::temp_directory_path() / "aliasvm-service-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
        throw Error{errno, "make a folder"};
    return name;
}

std::string catalogue_file()
{
    const char* const file = std::getenv("ALIASVM_TEST_CATALOGUE");
    if (file == nullptr)
        throw Error{ENOENT, "find the catalogue: ALIASVM_TEST_CATALOGUE is not set"};
    return file;
}

/// A value as text.
std::string text_of(Message& message)
{
    char type = 0;
    const char* contents = nullptr;
    std::string text;
    while (sd_bus_message_peek_type(message.get(), &type, &contents) > 0)
    {
        text += text.empty() ? "" : " ";
        if (type == 'a' || type == 'r' || type == 'e' || type == 'v')
        {
            const std::string inside = contents;
            if (!message.enter(type, inside.c_str()))
                break;
            const std::string value = text_of(message);
            text += type == 'v' ? value : type == 'a' ? "[" + value + "]" : "(" + value + ")";
            message.exit();
            continue;
        }
        if (type == 's' || type == 'o' || type == 'g')
        {
            const char* value = nullptr;
            message.read(std::string{type}.c_str(), &value);
            text += value;
            continue;
        }
        std::uint64_t value = 0; // little-endian: the narrower ones lie in its first bytes
        if (sd_bus_message_read_basic(message.get(), type, &value) < 0)
            break;
        text += std::to_string(value);
    }
    return text;
}

} // namespace

void Faults::reach(const char* step)
{
    reached.emplace_back(step);
    if (at == step)
        throw Error{EIO, "fault injected"};
}

ADaemon::ADaemon()
    : folder_{make_folder()}, catalogue_{read_file(catalogue_file()), catalogue_file()},
      client_{bus::Connection::at(io_, bus_.address())}
{
    fs::create_directories(folder_ / "etc");
    fs::create_directories(folder_ / "run");
    write_config("left", "ttc0 = \"ttc1\"\nuart0 = \"\"");
    write_config("right", "ttc0 = \"\"\nuart0 = \"\"");
    write_config("third", "ttc0 = \"\"\nuart0 = \"console\"");
    client_->start([](int) {});
    start_daemon();
}

ADaemon::~ADaemon()
{
    for (const auto& [name, vmm] : vmms_)
        vmm->die();
    kill_daemon();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void ADaemon::write_config(const std::string& machine, const std::string& aliases,
                           const std::string& more)
{
    std::ofstream{folder_ / "etc" / (machine + ".toml")}
        << "memory = \"32M\"\nkernel = \"/no/such/kernel\" # stays\n"
        << more << "[alias]\n"
        << aliases << "\n";
}

std::string ADaemon::read_config(const std::string& machine) const
{
    std::ifstream file{folder_ / "etc" / (machine + ".toml")};
    return {std::istreambuf_iterator<char>{file}, {}};
}

void ADaemon::start_daemon()
{
    daemon_io_ = std::make_unique<asio::io_context>();
    server_ = bus::Connection::at(*daemon_io_, bus_.address());
    server_->start([](int) {});
    service_ = std::make_unique<daemon::Service>(
        *daemon_io_, server_, catalogue_, devices_, memory_, units_, faults_,
        listen_at(folder_ / "run/broker"), [this](int socket) { return identity_of(socket); },
        daemon::ServiceSettings{.configuration_folder = folder_ / "etc",
                                .assignments_file = folder_ / "run/assignments.toml",
                                .given_file = folder_ / "run/given.toml",
                                .settings_file = folder_ / "etc/aliasvmd.toml",
                                .sysfs = folder_ / "sys",
                                .return_time = return_time_});
    asio::co_spawn(io_, reconnect(std::exchange(come_back_, {})), asio::detached);
    bool started = false;
    std::exception_ptr failure;
    asio::co_spawn(
        *daemon_io_,
        [](daemon::Service& service, bus::Connection& connection) -> asio::awaitable<void>
        {
            co_await service.start();
            auto call = connection.new_call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                            "org.freedesktop.DBus", "RequestName");
            call.append("su", service_under_test, 0);
            co_await connection.call(std::move(call), 25s);
        }(*service_, *server_),
        [&](std::exception_ptr thrown)
        {
            failure = thrown;
            started = true;
        });
    until([&] { return started; });
    if (failure)
        std::rethrow_exception(failure);
}

asio::awaitable<void> ADaemon::reconnect(std::vector<std::string> names)
{
    for (const std::string& name : names)
    {
        next_identity_ = name;
        co_await vmms_.at(name)->connect(folder_ / "run/broker");
    }
}

std::optional<VmName> ADaemon::identity_of(int)
{
    return VmName::from(next_identity_);
}

void ADaemon::kill_daemon()
{
    server_->close();
    service_.reset();
    server_.reset();
    daemon_io_.reset();
}

void ADaemon::turn_loops()
{
    io_.restart();
    std::size_t done = io_.poll();
    if (daemon_io_)
    {
        daemon_io_->restart();
        done += daemon_io_->poll();
    }
    if (done == 0)
        std::this_thread::sleep_for(200us);
}

void ADaemon::run(asio::awaitable<void> work)
{
    std::exception_ptr failure;
    bool done = false;
    asio::co_spawn(io_, std::move(work),
                   [&](std::exception_ptr thrown)
                   {
                       failure = thrown;
                       done = true;
                   });
    until([&] { return done; });
    if (failure)
        std::rethrow_exception(failure);
}

void ADaemon::until(const std::function<bool()>& holds)
{
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!holds())
    {
        // A coroutine that refers to the caller's variables is under way: there is no going on.
        if (std::chrono::steady_clock::now() > deadline)
            throw std::logic_error{"what was waited for never came"};
        turn_loops();
    }
}

FakeVmm& ADaemon::boot(const std::string& name, const std::vector<std::string>& aliases,
                       const std::function<void()>& registered)
{
    const VmName vm = *VmName::from(name);
    auto& vmm = vmms_[name] = std::make_shared<FakeVmm>(io_, devices_, vm);
    units_.set(vm, "activating");
    next_identity_ = name;
    run(vmm->connect(folder_ / "run/broker"));
    registered();
    for (const std::string& alias : aliases)
        run(vmm->acquire(alias));
    units_.facts[name].main_pid = 4711;
    units_.set(vm, "active");
    return *vmm;
}

void ADaemon::end(const std::string& name, const std::string& state)
{
    vmms_.at(name)->die();
    units_.set(*VmName::from(name), state);
}

Message ADaemon::new_call(const std::string& path, const char* interface, const char* member)
{
    return client_->new_call(service_under_test, path.c_str(), interface, member);
}

std::string ADaemon::answer(Message call)
{
    std::string text;
    run(
        [](ADaemon& self, Message question, std::string& result) -> asio::awaitable<void>
        {
            try
            {
                Message reply = co_await self.client_->call(std::move(question), 25s);
                result = text_of(reply);
            }
            catch (const bus::NamedError& error)
            {
                result = error.name() + ": " + error.what();
            }
        }(*this, std::move(call), text));
    return text;
}

namespace
{

void append_options(Message& call, const std::vector<std::string>& options)
{
    call.open('a', "{sv}");
    for (const std::string& option : options)
        call.append("{sv}", option.c_str(), "b", 1);
    call.close();
}

} // namespace

std::string ADaemon::assign(const std::string& device, const std::string& machine,
                            const std::string& alias, const std::vector<std::string>& options)
{
    Message call = new_call(bus::device_path(device), bus::device_interface, "Assign");
    call.append("ss", machine.c_str(), alias.c_str());
    append_options(call, options);
    return answer(std::move(call));
}

std::string ADaemon::release(const std::string& device, const std::vector<std::string>& options)
{
    Message call = new_call(bus::device_path(device), bus::device_interface, "Release");
    append_options(call, options);
    return answer(std::move(call));
}

std::string ADaemon::machine(const std::string& name, const char* member)
{
    return answer(new_call(bus::machine_path(*VmName::from(name)), bus::machine_interface, member));
}

std::string ADaemon::property(const std::string& path, const char* interface, const char* name)
{
    Message call = new_call(path, "org.freedesktop.DBus.Properties", "Get");
    call.append("ss", interface, name);
    return answer(std::move(call));
}

std::string ADaemon::device_property(const std::string& device, const char* name)
{
    return property(bus::device_path(device), bus::device_interface, name);
}

std::string ADaemon::machine_property(const std::string& machine, const char* name)
{
    return property(bus::machine_path(*VmName::from(machine)), bus::machine_interface, name);
}

std::string ADaemon::snapshot()
{
    std::string text;
    for (const char* const device : {"ttc0", "ttc1", "ttc2", "uart1"})
    {
        for (const char* const name : {"Owner", "Alias", "State"})
            text += device_property(device, name) + " ";
        text += devices_.bound_ones.contains(device) ? "bound " : "free ";
        for (std::uint32_t offset = 0; offset < 0x80; offset += 4)
            text += std::to_string(devices_.at(device, offset)) + ",";
        text += "\n";
    }
    for (const auto& [name, vmm] : vmms_)
    {
        for (const auto& [alias, instance] : vmm->holding)
            text += name + " " + alias + "=" + instance + "\n";
    }
    for (const char* const name : {"left", "right", "third"})
        text += machine_property(name, "Aliases") + "\n" + read_config(name);
    std::ifstream assignments{folder_ / "run/assignments.toml"};
    for (std::string line; std::getline(assignments, line);)
        text += line.starts_with('#') ? "" : line + "\n";
    return text;
}

} // namespace aliasvm::service
