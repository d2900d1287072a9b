// SPDX-License-Identifier: Apache-2.0
// LinuxSystem: /dev/kvm of a Linux host.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/kvm/port.hpp"

#include <cstddef>

namespace aliasvm::kvm
{

/// Any thread (Documentation/virt/kvm/api.rst, "System ioctls").
class LinuxSystem final : public System
{
public:
    /// Owns an open /dev/kvm. Throws Error that names what its KVM lacks: the API version is wrong,
    /// or a capability is missing.
    explicit LinuxSystem(UniqueFd kvm);

    /// A VM with ipa_bits() of address space, in which accesses that the CPU does not describe come
    /// out of run() as UndescribedAccess where the kernel can do so (Linux 5.5).
    [[nodiscard]] std::unique_ptr<Vm> create_vm() override;

    /// 40 bits, or what the host's CPUs can do if that is less. More would cost a level of page
    /// tables and serve nobody: all of a ZynqMP lies within 40 bits.
    [[nodiscard]] unsigned ipa_bits() override;
    [[nodiscard]] bool stolen_time() override; ///< arm64 from Linux 5.10 on, CONFIG_SCHED_INFO
    [[nodiscard]] bool offers_pmu() override;

private:
    UniqueFd fd_;
    std::size_t run_area_size_{};
};

} // namespace aliasvm::kvm
