// SPDX-License-Identifier: Apache-2.0
// Says to aliasvmd that it is the VMM of the machine named by its argument; prints the answer.
#include "common/base/error.hpp"
#include "common/bus/connection.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace
{

using namespace aliasvm;

UniqueFd connect_to_broker()
{
    UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, bus::broker_socket, sizeof address.sun_path - 1);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw Error{errno, "connect to {}", bus::broker_socket};
    return socket;
}

boost::asio::awaitable<void> claim(std::shared_ptr<bus::Connection> broker, const char* name)
{
    auto call = broker->new_call(nullptr, bus::root_path, bus::broker_interface, "Register");
    call.append("s", name).append("a(ss)", 0).append("b", 0).append("ah", 0);
    co_await broker->call(std::move(call), std::chrono::seconds{10});
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2)
        return 2;
    try
    {
        boost::asio::io_context io;
        const auto broker = bus::Connection::peer(io, connect_to_broker());
        broker->start([](int) {});
        std::exception_ptr failure;
        boost::asio::co_spawn(io, claim(broker, argv[1]),
                              [&](std::exception_ptr thrown)
                              {
                                  failure = thrown;
                                  io.stop();
                              });
        io.run();
        if (failure)
            std::rethrow_exception(failure);
        std::puts("believed");
        return 0;
    }
    catch (const bus::NamedError& error)
    {
        std::printf("%s: %s\n", error.name().c_str(), error.what());
        return 1;
    }
    catch (const std::exception& error)
    {
        std::printf("%s\n", error.what());
        return 2;
    }
}
