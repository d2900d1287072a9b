// SPDX-License-Identifier: Apache-2.0
// The console's sessions on Boost.Asio.
#include "vmm/control/console_server.hpp"

#include "common/base/error.hpp"
#include "vmm/control/unix_listener.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace aliasvm::control
{

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;
using boost::system::error_code;

namespace
{

constexpr std::string_view refusal = "console: too many clients\r\n";
/// Out of descriptors, say: it may get better, but trying at once would only burn the CPU.
constexpr std::chrono::milliseconds accept_pause{100};

/// One client. It stays until it has closed both directions, and everything that it sent before
/// has been read: whoever pipes a line into the console and goes has typed it all the same.
struct Session
{
    Session(Protocol::socket connected, std::uint64_t replay_from)
        : socket{std::move(connected)}, position{replay_from}
    {
    }

    Protocol::socket socket;

    std::uint64_t position; ///< in the ring
    bool sending{};
    bool has_lost{};
    bool gone{};   ///< nobody is there to send to
    bool at_end{}; ///< nothing more will come
    std::array<std::byte, 4096> outgoing;

    std::array<std::byte, 256> incoming;
    std::span<const std::byte> untaken; ///< of incoming
};

using SessionPtr = std::shared_ptr<Session>;

} // namespace

class ConsoleServer::Impl : public std::enable_shared_from_this<Impl>
{
public:
    Impl(asio::io_context& io, std::string path, devices::ConsoleOutput& output,
         devices::CadenceUart& uart, OnDrop on_drop)
        : output_{output}, uart_{uart}, on_drop_{std::move(on_drop)}, path_{std::move(path)},
          acceptor_{listen_on(io, path_)}, event_{io}, timeout_{io}, pause_{io}
    {
        error_code failed;
        event_.assign(output.event().get(), failed);
        if (failed)
        {
            ::unlink(path_.c_str());
            throw Error{failed.value(), "wait for the console's output"};
        }
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl()
    {
        event_.release(); // the descriptor is ConsoleOutput's
        // The loop may hold cancelled handlers, and they their sessions, for as long as it lives.
        for (const SessionPtr& session : sessions_)
            close(*session);
        ::unlink(path_.c_str());
    }

    void start()
    {
        accept();
        await_event();
        drive_timeout();
    }

    UniqueFd connect()
    {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            throw Error{errno, "make a pair of sockets for the console"};
        UniqueFd ours{ends[0]};
        UniqueFd theirs{ends[1]};
        Protocol::socket socket{acceptor_.get_executor()};
        error_code failed;
        socket.assign(Protocol{}, ours.get(), failed);
        if (failed)
            throw Error{failed.value(), "wait for a client of the console"};
        static_cast<void>(ours.release());
        admit(std::move(socket));
        return theirs;
    }

    [[nodiscard]] std::size_t clients() const noexcept { return sessions_.size(); }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

private:
    /// A handler for as long as this and, if given, the session live.
    template <class Function>
    auto guarded(Function function)
    {
        return [weak = weak_from_this(), function](auto&&... results)
        {
            if (const auto self = weak.lock())
                function(*self, std::forward<decltype(results)>(results)...);
        };
    }

    void accept()
    {
        acceptor_.async_accept(guarded(
            [](Impl& self, const error_code& failed, Protocol::socket socket)
            {
                if (failed)
                    return self.pause_accepting();
                self.admit(std::move(socket));
                self.accept();
            }));
    }

    void pause_accepting()
    {
        pause_.expires_after(accept_pause);
        pause_.async_wait(guarded(
            [](Impl& self, const error_code& failed)
            {
                if (!failed)
                    self.accept();
            }));
    }

    void admit(Protocol::socket socket)
    {
        error_code ignored;
        socket.non_blocking(true, ignored);
        if (sessions_.size() >= most_clients && !evict())
        {
            socket.send(asio::buffer(refusal), 0, ignored);
            return;
        }
        auto session = std::make_shared<Session>(std::move(socket), output_.ring().oldest());
        sessions_.push_back(session);
        await_hangup(session);
        receive(session);
        send(session);
    }

    /// A guest that takes no input must not lock people out: those who have gone make room, along
    /// with what they had typed.
    bool evict()
    {
        const auto found = std::find_if(sessions_.begin(), sessions_.end(),
                                        [](const SessionPtr& session) { return session->gone; });
        if (found == sessions_.end())
            return false;
        std::erase(untaken_, *found);
        drop(SessionPtr{*found});
        return true;
    }

    void await_event()
    {
        event_.async_wait(asio::posix::descriptor_base::wait_read,
                          guarded(
                              [](Impl& self, const error_code& failed)
                              {
                                  if (failed)
                                      return;
                                  self.output_.acknowledge();
                                  self.serve();
                                  self.await_event();
                              }));
    }

    void serve()
    {
        for (const SessionPtr& session : sessions_)
            send(session);
        feed();
    }

    // ---- guest to client ---------------------------------------------------------------------

    void send(const SessionPtr& session)
    {
        if (session->sending || session->gone)
            return;
        const auto [count, lost] = output_.ring().read(session->position, session->outgoing);
        if (lost != 0)
            note_loss(*session, lost);
        if (count == 0)
            return;
        session->sending = true;
        asio::async_write(session->socket, asio::buffer(session->outgoing.data(), count),
                          guarded(
                              [session](Impl& self, const error_code& failed, std::size_t)
                              {
                                  session->sending = false;
                                  if (failed)
                                      return self.note_gone(session);
                                  self.send(session);
                              }));
    }

    void note_loss(Session& session, std::uint64_t lost)
    {
        dropped_ += lost;
        if (!std::exchange(session.has_lost, true) && on_drop_)
            on_drop_(lost);
    }

    // ---- client to guest ---------------------------------------------------------------------

    void receive(const SessionPtr& session)
    {
        session->socket.async_read_some(
            asio::buffer(session->incoming),
            guarded(
                [session](Impl& self, const error_code& failed, std::size_t count)
                {
                    if (failed)
                        return self.note_end(session);
                    session->untaken = std::span{session->incoming}.first(count);
                    self.untaken_.push_back(session);
                    self.feed();
                }));
    }

    /// Gives the UART what it has room for, in the order in which it came.
    void feed()
    {
        while (!untaken_.empty())
        {
            const SessionPtr session = untaken_.front();
            session->untaken = session->untaken.subspan(uart_.receive(session->untaken));
            if (!session->untaken.empty())
                break; // the UART will call for attention
            untaken_.pop_front();
            receive(session);
        }
        drive_timeout();
    }

    void drive_timeout()
    {
        const auto due = uart_.poll_timeout();
        if (!due || due == waits_until_)
            return; // a wait for what is due no more finds nothing to do
        waits_until_ = due;
        timeout_.expires_at(*due);
        timeout_.async_wait(guarded(
            [](Impl& self, const error_code& failed)
            {
                if (failed)
                    return;
                self.waits_until_.reset();
                self.drive_timeout();
            }));
    }

    // ---- the end of a client -----------------------------------------------------------------

    void await_hangup(const SessionPtr& session)
    {
        session->socket.async_wait(
            Protocol::socket::wait_error,
            guarded([session](Impl& self, const error_code&) { self.note_gone(session); }));
    }

    void note_gone(const SessionPtr& session)
    {
        session->gone = true;
        if (session->at_end)
            drop(session);
    }

    void note_end(const SessionPtr& session)
    {
        session->at_end = true;
        if (session->gone)
            drop(session);
    }

    void drop(const SessionPtr& session)
    {
        close(*session);
        std::erase(sessions_, session);
    }

    static void close(Session& session)
    {
        error_code ignored;
        session.socket.close(ignored);
    }

    devices::ConsoleOutput& output_;
    devices::CadenceUart& uart_;
    OnDrop on_drop_;
    std::string path_;
    Protocol::acceptor acceptor_;
    asio::posix::stream_descriptor event_;
    asio::steady_timer timeout_;
    std::optional<devices::CadenceUart::Time> waits_until_; ///< what timeout_ is set to
    asio::steady_timer pause_;
    std::vector<SessionPtr> sessions_;
    std::deque<SessionPtr> untaken_; ///< with input for the UART, in turn
    std::uint64_t dropped_{};
};

ConsoleServer::ConsoleServer(asio::io_context& io, const std::string& path,
                             devices::ConsoleOutput& output, devices::CadenceUart& uart,
                             OnDrop on_drop)
    : impl_{std::make_shared<Impl>(io, path, output, uart, std::move(on_drop))}
{
    impl_->start();
}

ConsoleServer::~ConsoleServer() = default;

UniqueFd ConsoleServer::connect()
{
    return impl_->connect();
}

std::size_t ConsoleServer::clients() const noexcept
{
    return impl_->clients();
}

std::uint64_t ConsoleServer::dropped() const noexcept
{
    return impl_->dropped();
}

} // namespace aliasvm::control
