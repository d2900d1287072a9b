// SPDX-License-Identifier: Apache-2.0
// The loop around ioctl(2).
#include "common/base/ioctl.hpp"

#include <sys/ioctl.h>

namespace aliasvm
{

int retrying_ioctl(int fd, unsigned long request, const void* argument) noexcept
{
    int answer = 0;
    do
        answer = ::ioctl(fd, request, argument);
    while (answer < 0 && errno == EINTR);
    return answer;
}

int retrying_ioctl(int fd, unsigned long request, unsigned long argument) noexcept
{
    int answer = 0;
    do
        answer = ::ioctl(fd, request, argument);
    while (answer < 0 && errno == EINTR);
    return answer;
}

} // namespace aliasvm
