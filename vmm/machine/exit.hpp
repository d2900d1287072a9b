// SPDX-License-Identifier: Apache-2.0
// What to do about each way in which KVM_RUN comes back.
#pragma once

#include "common/kvm/port.hpp"
#include "vmm/machine/mmio_bus.hpp"
#include "vmm/machine/notices.hpp"

#include <optional>

namespace aliasvm::machine
{

/// Serves one exit; an End if the machine cannot or shall not go on. On the vCPU's thread, noexcept
/// and without allocation: a hostile guest drives it.
[[nodiscard]] std::optional<End> handle_exit(const kvm::VcpuExit& exit, kvm::Vcpu& vcpu,
                                             MmioBus& bus, Notices& notices) noexcept;

} // namespace aliasvm::machine
