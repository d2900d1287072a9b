// SPDX-License-Identifier: Apache-2.0
// The pump between sd-bus and the loop, and calls as awaitables.
#include "common/bus/connection.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"

#include <poll.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>

namespace aliasvm::bus
{

namespace asio = boost::asio;

/// A call that waits for its reply; in the connection's list until it has one.
class Connection::PendingCall
{
public:
    PendingCall() = default;
    PendingCall(const PendingCall&) = delete;
    PendingCall& operator=(const PendingCall&) = delete;
    virtual ~PendingCall() = default;

    virtual void complete(std::exception_ptr failure, Message reply) = 0;

    Connection* connection{};
    Slot slot; ///< its end takes the call back
};

template <class Handler>
class Connection::HandledCall final : public PendingCall
{
public:
    explicit HandledCall(Handler handler) : handler_{std::move(handler)} {}

    void complete(std::exception_ptr failure, Message reply) override
    {
        // Not from in here: what the handler goes on to do may close the connection.
        auto executor = asio::get_associated_executor(handler_);
        asio::post(executor,
                   [handler = std::move(handler_), failure, message = std::move(reply)]() mutable
                   { handler(failure, std::move(message)); });
    }

private:
    Handler handler_;
};

namespace
{

/// Messages of one connection before the loop looks at the others: a peer that sends as fast as it
/// can gets no more of this process than that.
constexpr int most_in_a_turn = 16;

/// Messages to one who connected to us and does not read.
constexpr std::uint64_t most_unread = 256;

sd_bus* new_bus()
{
    sd_bus* bus = nullptr;
    require(sd_bus_new(&bus), "make a D-Bus connection");
    return bus;
}

std::exception_ptr not_answered(int error_number)
{
    return std::make_exception_ptr(NamedError{error_name::no_reply, "the other side is gone: {}",
                                              std::generic_category().message(error_number)});
}

} // namespace

Connection::Connection(asio::io_context& io, sd_bus* bus)
    : io_{io}, bus_{bus}, descriptor_{io}, timer_{io}
{
}

Connection::~Connection()
{
    close();
    sd_bus_flush_close_unref(bus_);
}

std::shared_ptr<Connection> Connection::system(asio::io_context& io)
{
    sd_bus* bus = nullptr;
    require(sd_bus_open_system(&bus), "connect to the system bus");
    return std::shared_ptr<Connection>{new Connection{io, bus}};
}

std::shared_ptr<Connection> Connection::at(asio::io_context& io, const std::string& address)
{
    std::shared_ptr<Connection> made{new Connection{io, new_bus()}};
    require(sd_bus_set_address(made->bus_, address.c_str()), "set a bus address");
    require(sd_bus_set_bus_client(made->bus_, 1), "be a client of a bus");
    require(sd_bus_negotiate_fds(made->bus_, 1), "ask for descriptors");
    require(sd_bus_start(made->bus_), "connect to a bus");
    return made;
}

std::shared_ptr<Connection> Connection::over_socket(asio::io_context& io, UniqueFd socket,
                                                    bool server)
{
    std::shared_ptr<Connection> made{new Connection{io, new_bus()}};
    sd_bus* const bus = made->bus_;
    if (server)
    {
        sd_id128_t id;
        require(sd_id128_randomize(&id), "make an id");
        require(sd_bus_set_server(bus, 1, id), "serve a peer");
        made->serves_ = true;
    }
    require(sd_bus_negotiate_fds(bus, 1), "ask for descriptors");
    require(sd_bus_set_fd(bus, socket.get(), socket.get()), "use a socket for D-Bus");
    static_cast<void>(socket.release()); // sd-bus owns it from here
    require(sd_bus_start(bus), "greet a peer");
    return made;
}

std::shared_ptr<Connection> Connection::peer(asio::io_context& io, UniqueFd socket)
{
    return over_socket(io, std::move(socket), false);
}

std::shared_ptr<Connection> Connection::serve_peer(asio::io_context& io, UniqueFd socket)
{
    return over_socket(io, std::move(socket), true);
}

void Connection::start(Lost on_lost)
{
    on_lost_ = std::move(on_lost);
    started_ = true;
    rearm();
}

void Connection::rearm()
{
    if (!started_ || lost_ || std::exchange(posted_, true))
        return;
    asio::post(io_,
               [weak = weak_from_this()]
               {
                   if (const auto self = weak.lock())
                   {
                       self->posted_ = false;
                       self->pump();
                   }
               });
}

void Connection::close()
{
    lost_ = true;
    ++generation_;
    on_lost_ = nullptr;
    timer_.cancel();
    if (descriptor_.is_open())
        descriptor_.release(); // cancels the waits; the descriptor is sd-bus's
    if (std::exchange(started_, false))
        sd_bus_close(bus_);
    for (const auto& [call, owner] : std::exchange(calls_, {}))
        call->complete(not_answered(ECONNRESET), Message{});
}

void Connection::pump()
{
    const auto self = shared_from_this(); // a handler may drop the last other reference
    for (int handled = 0; handled < most_in_a_turn; ++handled)
    {
        const int more = sd_bus_process(bus_, nullptr);
        if (lost_)
            return;
        if (more < 0)
            return lose(-more);
        std::uint64_t unread = 0;
        if (serves_ && sd_bus_get_n_queued_write(bus_, &unread) >= 0 && unread > most_unread)
            return lose(ENOBUFS);
        if (more == 0)
            return arm();
    }
    rearm(); // the others' turn
}

auto Connection::waker()
{
    return [weak = weak_from_this(), generation = generation_](const boost::system::error_code& e)
    {
        const auto self = weak.lock();
        if (self && !e && !self->lost_ && generation == self->generation_)
            self->pump();
    };
}

void Connection::arm()
{
    ++generation_;
    const int fd = sd_bus_get_fd(bus_);
    if (fd < 0)
        return lose(-fd);
    // While it connects to one address after the other, sd-bus changes its descriptor.
    if (!descriptor_.is_open() || descriptor_.native_handle() != fd)
    {
        if (descriptor_.is_open())
            descriptor_.release();
        descriptor_.assign(fd);
    }
    else
        descriptor_.cancel();
    const int events = sd_bus_get_events(bus_);
    if (events < 0)
        return lose(-events);
    if ((events & POLLIN) != 0)
        descriptor_.async_wait(descriptor_.wait_read, waker());
    if ((events & POLLOUT) != 0)
        descriptor_.async_wait(descriptor_.wait_write, waker());
    std::uint64_t until = UINT64_MAX;
    timer_.cancel();
    if (sd_bus_get_timeout(bus_, &until) < 0 || until == UINT64_MAX)
        return;
    // Absolute, on CLOCK_MONOTONIC as steady_clock is.
    timer_.expires_at(std::chrono::steady_clock::time_point{std::chrono::microseconds{until}});
    timer_.async_wait(waker());
}

void Connection::lose(int error_number)
{
    const Lost on_lost = std::move(on_lost_);
    close();
    if (on_lost)
        on_lost(error_number);
}

Message Connection::new_call(const char* destination, const char* path, const char* interface,
                             const char* member) const
{
    sd_bus_message* message = nullptr;
    require(sd_bus_message_new_method_call(bus_, &message, destination, path, interface, member),
            "make a method call");
    return Message{message};
}

int Connection::on_reply(sd_bus_message* reply, void* call, sd_bus_error*) noexcept
{
    auto* const pending = static_cast<PendingCall*>(call);
    const auto node = pending->connection->calls_.extract(pending);
    const sd_bus_error* const error = sd_bus_message_get_error(reply);
    std::exception_ptr failure;
    if (error != nullptr)
        failure = std::make_exception_ptr(
            NamedError{error->name, "{}", error->message != nullptr ? error->message : ""});
    node.mapped()->complete(failure, Message::share(reply));
    return 0;
}

void Connection::send(Message message, std::unique_ptr<PendingCall> call,
                      std::chrono::microseconds timeout)
{
    call->connection = this;
    sd_bus_slot* slot = nullptr;
    const int sent = lost_ ? -ENOTCONN
                           : sd_bus_call_async(bus_, &slot, message.get(), on_reply, call.get(),
                                               static_cast<std::uint64_t>(timeout.count()));
    if (sent < 0)
        return call->complete(not_answered(-sent), Message{});
    call->slot = Slot{slot};
    PendingCall* const key = call.get();
    calls_.emplace(key, std::move(call));
    rearm();
}

asio::awaitable<Message> Connection::call(Message message, std::chrono::microseconds timeout)
{
    const auto self = shared_from_this();
    const auto initiate = [self, &message, timeout](auto handler)
    {
        using Call = HandledCall<std::decay_t<decltype(handler)>>;
        self->send(message, std::make_unique<Call>(std::move(handler)), timeout);
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                            void(std::exception_ptr, Message)>(initiate,
                                                                               asio::use_awaitable);
}

} // namespace aliasvm::bus
