// SPDX-License-Identifier: Apache-2.0
// Connection: one D-Bus connection that lives on an io_context.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/bus/message.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace aliasvm::bus
{

/// sd_bus_get_fd(3): its descriptor, events and timeout are asked again after every call of the
/// library, as each may have read more from the socket than it handled. So whoever calls sd_bus_*
/// on this connection outside of one of its handlers calls rearm() afterwards; call() does.
///
/// Main thread only. Lives at least until the handlers that run are through.
class Connection : public std::enable_shared_from_this<Connection>
{
public:
    using Lost = std::function<void(int error_number)>;

    /// The system bus. All throw Error.
    [[nodiscard]] static std::shared_ptr<Connection> system(boost::asio::io_context& io);
    /// A bus at an address: a private one in tests.
    [[nodiscard]] static std::shared_ptr<Connection> at(boost::asio::io_context& io,
                                                        const std::string& address);
    /// One end of a socket without a bus between; the end that connected.
    [[nodiscard]] static std::shared_ptr<Connection> peer(boost::asio::io_context& io,
                                                          UniqueFd socket);
    /// The end that accepted. A peer that does not read what it is sent is lost with ENOBUFS.
    [[nodiscard]] static std::shared_ptr<Connection> serve_peer(boost::asio::io_context& io,
                                                                UniqueFd socket);

    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    [[nodiscard]] sd_bus* raw() const noexcept { return bus_; }
    [[nodiscard]] bool lost() const noexcept { return lost_; }

    /// Begins to handle messages, once objects are in place. `on_lost` is called once, from the
    /// loop, when the other side goes away or breaks the protocol; nothing is handled after it.
    void start(Lost on_lost);
    void rearm();
    /// No more messages, no on_lost.
    void close();

    /// A call of a method of our peer (`destination` null) or of a service.
    [[nodiscard]] Message new_call(const char* destination, const char* path, const char* interface,
                                   const char* member) const;
    /// Sends it and waits for the reply: NamedError for an error reply, with NoReply where none
    /// came in time or the connection was lost.
    [[nodiscard]] boost::asio::awaitable<Message> call(Message message,
                                                       std::chrono::microseconds timeout);

private:
    Connection(boost::asio::io_context& io, sd_bus* bus);
    static std::shared_ptr<Connection> over_socket(boost::asio::io_context& io, UniqueFd socket,
                                                   bool server);

    class PendingCall;
    template <class Handler>
    class HandledCall;

    static int on_reply(sd_bus_message* reply, void* call, sd_bus_error*) noexcept;
    void send(Message message, std::unique_ptr<PendingCall> call,
              std::chrono::microseconds timeout);
    void pump();
    void arm();
    void lose(int error_number);
    auto waker();

    boost::asio::io_context& io_;
    sd_bus* bus_;
    boost::asio::posix::stream_descriptor descriptor_;
    boost::asio::steady_timer timer_;
    Lost on_lost_;
    std::map<PendingCall*, std::unique_ptr<PendingCall>> calls_;
    std::uint64_t generation_{}; ///< of the waits; older ones count no more
    bool serves_{};
    bool started_{};
    bool lost_{};
    bool posted_{};
};

} // namespace aliasvm::bus
