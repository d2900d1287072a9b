// SPDX-License-Identifier: Apache-2.0
// KVM_GET_STATS_FD, and the answers that mean "no such thing here".
#include "common/kvm/statistics.hpp"

#include "common/base/error.hpp"
#include "common/base/ioctl.hpp"

#include <linux/kvm.h>

#include <cerrno>

namespace aliasvm::kvm
{

UniqueFd statistics_of(int fd, std::string_view whose)
{
    UniqueFd descriptor{retrying_ioctl(fd, KVM_GET_STATS_FD, 0UL)};
    // What kernels before 5.14 say to a request that they do not know, which is the whole test: the
    // capability would say no more.
    if (!descriptor.ok() && errno != ENOTTY && errno != EINVAL)
        throw Error{errno, "ask KVM for the statistics of {}", whose};
    return descriptor;
}

} // namespace aliasvm::kvm
