// SPDX-License-Identifier: Apache-2.0
// Descriptors of KVM's binary statistics, asked for alike of a VM and of a vCPU.
#pragma once

#include "common/base/unique_fd.hpp"

#include <string_view>

namespace aliasvm::kvm
{

/// Of the VM or vCPU behind `fd`, close-on-exec; not ok() if the host keeps none. `whose` is for
/// the Error that it throws for any other reason.
[[nodiscard]] UniqueFd statistics_of(int fd, std::string_view whose);

} // namespace aliasvm::kvm
