// SPDX-License-Identifier: Apache-2.0
// ioctl(2) by the rules that KVM and VFIO share: EINTR is retried, a refusal names the act.
#pragma once

#include "common/base/error.hpp"

#include <cerrno>
#include <utility>

namespace aliasvm
{

/// The answer of the kernel, or -1 with errno. Repeats a request that a signal cut short, which is
/// right for everything but KVM_RUN: there EINTR is the answer that was waited for.
[[nodiscard]] int retrying_ioctl(int fd, unsigned long request, const void* argument) noexcept;
/// The same for requests that take a number instead of a structure.
[[nodiscard]] int retrying_ioctl(int fd, unsigned long request, unsigned long argument) noexcept;

/// A request that must succeed: the answer, or Error with the errno and the act, which reads like
/// "map region 0 of ff010000.serial".
template <class Argument, class... Args>
int require_ioctl(int fd, unsigned long request, Argument argument, fmt::format_string<Args...> act,
                  Args&&... args)
{
    const int answer = retrying_ioctl(fd, request, argument);
    if (answer < 0)
        throw Error{errno, act, std::forward<Args>(args)...};
    return answer;
}

} // namespace aliasvm
