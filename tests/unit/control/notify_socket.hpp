// SPDX-License-Identifier: Apache-2.0
// NotifySocket: systemd's end of sd_notify(3).
#pragma once

#include "common/base/unique_fd.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdlib>
#include <string>

namespace aliasvm::tests
{

/// Stands in for systemd: a datagram socket that collects what is said to it.
class NotifySocket
{
public:
    NotifySocket() : fd_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)}
    {
        // Abstract, and bound to a name that the kernel picks.
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address.sun_family);
        socklen_t size = sizeof address;
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        const std::string name(address.sun_path + 1, size - sizeof address.sun_family - 1);
        ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    }
    ~NotifySocket() { ::unsetenv("NOTIFY_SOCKET"); }
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;

    /// All that was said so far, one message after the other.
    std::string text()
    {
        std::array<char, 4096> buffer{};
        ssize_t got = 0;
        while ((got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0)) > 0)
            text_ += std::string(buffer.data(), static_cast<std::size_t>(got)) + "\n";
        return text_;
    }

private:
    UniqueFd fd_;
    std::string text_;
};

} // namespace aliasvm::tests
