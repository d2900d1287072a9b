// SPDX-License-Identifier: Apache-2.0
// What KVM leaves in a vCPU's run area, in the words of the port.
#pragma once

#include "common/kvm/port.hpp"

#include <linux/kvm.h>

namespace aliasvm::kvm
{

/// Why KVM_RUN returned 0 (Documentation/virt/kvm/api.rst, "The kvm_run structure"). An MmioRead's
/// answer lies in `run` and is zeroed here.
[[nodiscard]] VcpuExit exit_of(kvm_run& run) noexcept;

/// Why KVM_RUN failed with `error`.
[[nodiscard]] VcpuExit exit_of_errno(int error) noexcept;

} // namespace aliasvm::kvm
