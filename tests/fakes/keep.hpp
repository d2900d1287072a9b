// SPDX-License-Identifier: Apache-2.0
// keep(): a kernel has its own reference to an eventfd that it was given, and so has a fake.
#pragma once

#include "common/base/event_fd.hpp"

#include <fcntl.h>

namespace aliasvm::fakes
{

inline UniqueFd keep(const EventFd& event)
{
    return UniqueFd{::fcntl(event.get(), F_DUPFD_CLOEXEC, 0)};
}

} // namespace aliasvm::fakes
