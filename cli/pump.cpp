// SPDX-License-Identifier: Apache-2.0
// One poll loop. Output is written in small pieces and only when poll says that there is room.
#include "cli/pump.hpp"

#include "cli/failure.hpp"
#include "common/base/error.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

constexpr std::size_t most_waiting = 65536;
constexpr std::size_t piece = 512; ///< a pipe with POLLOUT takes that much without blocking

class Pump
{
public:
    Pump(const PumpFds& fds, std::optional<char> escape, bool lossless)
        : fds_{fds}, escape_{escape}, lossless_{lossless}
    {
    }

    PumpEnd run()
    {
        while (!left_ && (!console_ended_ || !to_output_.empty()))
            wait_and_move();
        return left_ ? PumpEnd::escape : PumpEnd::console_gone;
    }

private:
    void wait_and_move()
    {
        const bool read_input =
            !input_ended_ && !console_ended_ && (!lossless_ || to_console_.size() < most_waiting);
        const bool read_console = !console_ended_ && to_output_.size() < most_waiting;
        const bool write_console = !console_ended_ && !to_console_.empty();
        std::array<pollfd, 3> polled{{
            {read_input ? fds_.input : -1, POLLIN, 0},
            {read_console || write_console ? fds_.console : -1,
             static_cast<short>((read_console ? POLLIN : 0) | (write_console ? POLLOUT : 0)), 0},
            {to_output_.empty() ? -1 : fds_.output, POLLOUT, 0},
        }};
        if (::poll(polled.data(), polled.size(), -1) < 0)
        {
            if (errno == EINTR)
                return;
            throw Error{errno, "wait for the console"};
        }
        if (polled[0].revents != 0)
            take_input();
        if (write_console && (polled[1].revents & (POLLOUT | POLLERR)) != 0)
            give_console();
        if (read_console && (polled[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            take_console();
        if (polled[2].revents != 0)
            give_output();
    }

    void take_input()
    {
        std::array<char, 4096> bytes;
        const ssize_t got = ::read(fds_.input, bytes.data(), bytes.size());
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            return;
        // A terminal that hung up answers EIO.
        if (got <= 0)
        {
            input_ended_ = true;
            pass_on_end();
            return;
        }
        std::string_view typed{bytes.data(), static_cast<std::size_t>(got)};
        if (escape_)
        {
            const std::size_t at = typed.find(*escape_);
            left_ = at != std::string_view::npos;
            typed = typed.substr(0, at);
        }
        if (lossless_ || to_console_.size() + typed.size() <= most_waiting)
            to_console_ += typed;
        if (left_)
            give_console(); // what came before the escape, as far as there is room
    }

    void give_console()
    {
        const ssize_t gave = ::write(fds_.console, to_console_.data(), to_console_.size());
        if (gave >= 0)
            to_console_.erase(0, static_cast<std::size_t>(gave));
        else if (errno == EPIPE || errno == ECONNRESET || errno == EIO)
            to_console_.clear(); // it no longer listens; what it said is still to be read
        else if (errno != EAGAIN && errno != EINTR)
            throw Error{errno, "write to the console"};
        pass_on_end();
    }

    void pass_on_end() const
    {
        if (input_ended_ && to_console_.empty())
            ::shutdown(fds_.console, SHUT_WR); // no socket: then there is no such thing
    }

    void take_console()
    {
        std::array<char, 4096> bytes;
        const ssize_t got = ::read(fds_.console, bytes.data(), bytes.size());
        if (got > 0)
            to_output_.append(bytes.data(), static_cast<std::size_t>(got));
        else if (got == 0 || errno == EIO || errno == ECONNRESET) // EIO: a pseudo terminal's end
            console_ended_ = true;
        else if (errno != EAGAIN && errno != EINTR)
            throw Error{errno, "read from the console"};
    }

    void give_output()
    {
        const std::size_t size = to_output_.size() < piece ? to_output_.size() : piece;
        const ssize_t gave = ::write(fds_.output, to_output_.data(), size);
        if (gave >= 0)
            to_output_.erase(0, static_cast<std::size_t>(gave));
        else if (errno != EAGAIN && errno != EINTR)
            throw Error{errno, "write what the console says"};
    }

    PumpFds fds_;
    std::optional<char> escape_;
    bool lossless_;
    std::string to_console_;
    std::string to_output_;
    bool input_ended_{};
    bool console_ended_{};
    bool left_{};
};

} // namespace

std::optional<char> parse_escape(std::string_view text)
{
    if (text == "none")
        return std::nullopt;
    if (text.size() == 1)
        return text.front();
    if (text.size() == 2 && text.front() == '^')
    {
        const char key =
            text[1] >= 'a' && text[1] <= 'z' ? static_cast<char>(text[1] - 0x20) : text[1];
        if (key >= '@' && key <= '_')
            return static_cast<char>(key - 0x40);
    }
    throw BadUsage{fmt::format("\"{}\" is no escape; write one character, ^ and a letter or one of "
                               "@[\\]^_ for a control character, or none",
                               text)};
}

PumpEnd pump(const PumpFds& fds, std::optional<char> escape, bool lossless)
{
    const int flags = ::fcntl(fds.console, F_GETFL);
    if (flags < 0 || ::fcntl(fds.console, F_SETFL, flags | O_NONBLOCK) < 0)
        throw Error{errno, "make the console non-blocking"};
    return Pump{fds, escape, lossless}.run();
}

} // namespace aliasvm::cli
