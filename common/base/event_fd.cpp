// SPDX-License-Identifier: Apache-2.0
// eventfd(2) behind its type.
#include "common/base/event_fd.hpp"

#include "common/base/error.hpp"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>

namespace aliasvm
{

EventFd::EventFd() : fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}
{
    if (!fd_.ok())
        throw Error{errno, "create an eventfd"};
}

void EventFd::signal() const noexcept
{
    const std::uint64_t one = 1;
    // EAGAIN is the counter at its limit: whoever waits will wake all the same.
    [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
}

bool EventFd::drain() const noexcept
{
    std::uint64_t count = 0;
    return ::read(fd_.get(), &count, sizeof count) == static_cast<ssize_t>(sizeof count);
}

} // namespace aliasvm
