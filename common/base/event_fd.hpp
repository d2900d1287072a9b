// SPDX-License-Identifier: Apache-2.0
// EventFd: a kernel counter that one side signals and the other waits for.
#pragma once

#include "common/base/unique_fd.hpp"

namespace aliasvm
{

/// An eventfd, non-blocking and close-on-exec. signal() and drain() may be called from any thread.
class EventFd
{
public:
    /// Throws Error.
    EventFd();

    [[nodiscard]] int get() const noexcept { return fd_.get(); }

    /// Adds one. Never blocks: a counter at its limit is already signalled.
    void signal() const noexcept;
    /// Takes the count away; false if it was 0.
    bool drain() const noexcept;

private:
    UniqueFd fd_;
};

} // namespace aliasvm
