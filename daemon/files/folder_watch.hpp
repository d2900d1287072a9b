// SPDX-License-Identifier: Apache-2.0
// FolderWatch: hears of files that come, go or change in one folder.
#pragma once

#include "common/base/unique_fd.hpp"

#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace aliasvm::daemon
{

/// inotify(7). A burst of changes is one call, a moment later. Throws Error. Main thread.
class FolderWatch
{
public:
    using OnChange = std::function<void()>;

    FolderWatch(boost::asio::io_context& io, const std::string& folder, OnChange on_change);

private:
    void wait();

    boost::asio::posix::stream_descriptor events_;
    boost::asio::steady_timer moment_;
    OnChange on_change_;
};

} // namespace aliasvm::daemon
