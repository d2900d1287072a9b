// SPDX-License-Identifier: Apache-2.0
// ConsoleServer: the far end of a guest's emulated UART, a Unix socket that several may connect to.
#pragma once

#include "common/base/unique_fd.hpp"
#include "devices/emulated/cadence_uart.hpp"
#include "devices/emulated/console_output.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

namespace aliasvm::control
{

/// Serves the console on a stream socket and drives the UART's receiver timeout.
///
/// A client that connects gets the last 64 KiB of output, then what comes. One that reads too
/// slowly loses the oldest bytes, which are counted; nobody waits for it. What a client sends goes
/// to the guest as the UART has room. Until then the client's socket is not read, so nothing typed
/// is lost, even if the client has gone meanwhile. Clients take turns, a few hundred bytes each. A
/// client that shuts down only its sending side goes on receiving.
///
/// Threads: all of it on the io_context's one thread. Destroy it before the UART. The destructor
/// removes the socket's path and drops what is still unsent.
class ConsoleServer
{
public:
    static constexpr std::size_t most_clients = 16;

    /// Called on the main loop when a client loses output for the first time, with the number of
    /// bytes it lost then.
    using OnDrop = std::function<void(std::uint64_t bytes)>;

    /// Listens at `path`, mode 0660. Replaces a socket that nobody listens on any more, and nothing
    /// else. `io`, `output` and `uart` must outlive the server. Throws Error.
    ConsoleServer(boost::asio::io_context& io, const std::string& path,
                  devices::ConsoleOutput& output, devices::CadenceUart& uart, OnDrop on_drop = {});
    ConsoleServer(const ConsoleServer&) = delete;
    ConsoleServer& operator=(const ConsoleServer&) = delete;
    ~ConsoleServer();

    /// One more client, like any that connects at the path; returns the client's end of a pair of
    /// sockets. Throws Error.
    [[nodiscard]] UniqueFd connect();

    [[nodiscard]] std::size_t clients() const noexcept;
    /// Bytes of output that clients have lost since the start, all together.
    [[nodiscard]] std::uint64_t dropped() const noexcept;

private:
    class Impl;

    std::shared_ptr<Impl> impl_; // the handlers of the loop hold it weakly
};

} // namespace aliasvm::control
