// SPDX-License-Identifier: Apache-2.0
// What happened does not matter, only that something did.
#include "daemon/files/folder_watch.hpp"

#include "common/base/error.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

namespace aliasvm::daemon
{

namespace
{

constexpr std::chrono::milliseconds burst{50};

int watching(const std::string& folder)
{
    UniqueFd events{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    if (!events.ok() || ::inotify_add_watch(events.get(), folder.c_str(),
                                            IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVE) < 0)
        throw Error{errno, "watch {}", folder};
    return events.release();
}

} // namespace

FolderWatch::FolderWatch(boost::asio::io_context& io, const std::string& folder, OnChange on_change)
    : events_{io, watching(folder)}, moment_{io}, on_change_{std::move(on_change)}
{
    wait();
}

void FolderWatch::wait()
{
    events_.async_wait(events_.wait_read,
                       [this](const boost::system::error_code& failed)
                       {
                           if (failed)
                               return;
                           std::array<char, 4096> unread;
                           while (::read(events_.native_handle(), unread.data(), unread.size()) > 0)
                               continue;
                           moment_.expires_after(burst);
                           moment_.async_wait(
                               [this](const boost::system::error_code& cancelled)
                               {
                                   if (!cancelled)
                                       on_change_();
                               });
                           wait();
                       });
}

} // namespace aliasvm::daemon
