// SPDX-License-Identifier: Apache-2.0
// Hands UART1 to whichever VMM asks, for measurements without systemd and D-Bus: the daemon's own
// steps.
#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/bus/connection.hpp"
#include "common/bus/error.hpp"
#include "common/bus/method.hpp"
#include "common/bus/names.hpp"
#include "daemon/host/linux_device_host.hpp"
#include "daemon/ownership/ownership.hpp"

#include <cerrno>
#include <cstdio>
#include <exception>
#include <list>
#include <memory>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace
{

using namespace aliasvm;
namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

constexpr auto patience = std::chrono::seconds{5};

class Session : public std::enable_shared_from_this<Session>
{
public:
    Session(asio::io_context& io, daemon::Ownership& ownership, const plan::Instance& uart,
            std::shared_ptr<bus::Connection> connection)
        : io_{io}, ownership_{ownership}, uart_{uart}, connection_{std::move(connection)}
    {
        sd_bus_slot* slot = nullptr;
        bus::require(sd_bus_add_object_vtable(connection_->raw(), &slot, bus::root_path,
                                              bus::broker_interface, vtable, this),
                     "offer the broker");
        slot_ = bus::Slot{slot};
        connection_->start([](int) {});
    }

    asio::io_context& executor() { return io_; }
    void rearm() { connection_->rearm(); }

private:
    void enrol(bus::Message call) { call.new_reply().append("a{ss}", 0).send(); }

    void clock_rates(const bus::Message& call) { call.new_reply().append("a{uu}", 0).send(); }

    asio::awaitable<void> acquire(bus::Message call)
    {
        ownership_.bind(uart_, daemon::Force::no);
        const auto device = co_await ownership_.open(uart_, patience);
        ownership_.bring_to_rest(uart_, device);
        bus::Message reply = call.new_reply();
        reply.append("s", uart_.name.c_str()).open('a', "h");
        for (const int descriptor : device->descriptors())
            reply.append("h", descriptor);
        reply.close().send();
    }

    static const sd_bus_vtable vtable[];

    asio::io_context& io_;
    daemon::Ownership& ownership_;
    const plan::Instance& uart_;
    std::shared_ptr<bus::Connection> connection_;
    bus::Slot slot_;
};

const sd_bus_vtable Session::vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Register", "sa(ss)bah", "a{ss}", bus::method<&Session::enrol>,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("ClockRates", "", "a{uu}", bus::method<&Session::clock_rates>,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Acquire", "s", "sah", bus::slow_method<&Session::acquire>,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

asio::awaitable<void> serve(asio::io_context& io, const char* path)
{
    const plan::Catalogue catalogue{read_file(ALIASVM_CATALOGUE), ALIASVM_CATALOGUE};
    const plan::Instance* const uart = catalogue.find("uart1");
    if (uart == nullptr)
        throw Error{ENODEV, "find uart1 in {}", ALIASVM_CATALOGUE};
    daemon::LinuxDeviceHost host;
    daemon::Ownership ownership{catalogue, host, std::string{path} + ".given"};
    Protocol::acceptor acceptor{io, Protocol::endpoint{path}};
    std::puts("ready");
    std::fflush(stdout);
    for (std::list<std::shared_ptr<Session>> sessions;;)
    {
        Protocol::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
        sessions.push_back(std::make_shared<Session>(
            io, ownership, *uart, bus::Connection::serve_peer(io, UniqueFd{socket.release()})));
    }
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2)
        return 2;
    asio::io_context io;
    asio::co_spawn(io, serve(io, argv[1]),
                   [&io](const std::exception_ptr& failure)
                   {
                       try
                       {
                           if (failure)
                               std::rethrow_exception(failure);
                       }
                       catch (const std::exception& error)
                       {
                           std::fprintf(stderr, "bench_broker: %s\n", error.what());
                       }
                       io.stop();
                   });
    io.run();
    return 1;
}
