// SPDX-License-Identifier: Apache-2.0
// Stale sockets, socket modes and the length of a path.
#include "vmm/control/unix_listener.hpp"

#include "common/base/error.hpp"
#include "common/base/unique_fd.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace aliasvm::control
{

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;
using boost::system::error_code;

namespace
{

constexpr mode_t socket_mode = 0660;

/// A path that some earlier process left behind is in the way of bind().
void remove_stale_socket(const Protocol::endpoint& endpoint, const std::string& path)
{
    struct stat found = {};
    if (::lstat(path.c_str(), &found) != 0)
        return; // bind() will say what else is wrong
    if (!S_ISSOCK(found.st_mode))
        throw Error{EEXIST, "listen on {}: it is not a socket", path};

    const UniqueFd probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!probe.ok())
        throw Error{errno, "listen on {}: create a socket", path};
    // Refused means that nobody listens; anything else, a full queue as well, that somebody may.
    if (::connect(probe.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0 ||
        errno != ECONNREFUSED)
        throw Error{EADDRINUSE, "listen on {}", path};
    if (::unlink(path.c_str()) != 0)
        throw Error{errno, "remove the stale socket {}", path};
}

} // namespace

Protocol::acceptor listen_on(asio::io_context& io, const std::string& path)
{
    if (path.empty() || path.find('\0') != std::string::npos)
        throw Error{EINVAL, "listen on a Unix socket: not a path"};
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        throw Error{ENAMETOOLONG, "listen on {}: {} bytes, a socket's path has {} at most", path,
                    path.size(), sizeof(sockaddr_un::sun_path) - 1};

    const Protocol::endpoint endpoint{path};
    remove_stale_socket(endpoint, path);
    Protocol::acceptor acceptor{io};
    error_code failed;
    acceptor.open(Protocol{}, failed);
    if (failed)
        throw Error{failed.value(), "listen on {}: create a socket", path};
    acceptor.bind(endpoint, failed);
    if (failed)
        throw Error{failed.value(), "bind {}", path};
    // Before listen(): until then whoever connects is refused, so the umask's mode never counts.
    if (::chmod(path.c_str(), socket_mode) != 0)
    {
        const int error = errno;
        ::unlink(path.c_str());
        throw Error{error, "set the mode of {}", path};
    }
    acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed)
        throw Error{failed.value(), "listen on {}", path};
    return acceptor;
}

} // namespace aliasvm::control
