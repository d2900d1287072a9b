// SPDX-License-Identifier: Apache-2.0
// A listening Unix socket at a path that an earlier process may have left behind.
#pragma once

#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace aliasvm::control
{

/// Binds and listens, mode 0660. Replaces a socket that nobody listens on any more, and nothing
/// else. A path has 107 bytes at most (sun_path). Throws Error. The caller unlinks the path.
[[nodiscard]] boost::asio::local::stream_protocol::acceptor listen_on(boost::asio::io_context& io,
                                                                      const std::string& path);

} // namespace aliasvm::control
