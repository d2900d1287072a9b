// SPDX-License-Identifier: Apache-2.0
// What KVM does differently on each CPU architecture; one implementation is linked.
#pragma once

#include "common/kvm/port.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace aliasvm::kvm
{

/// A capability that this program cannot do without, and what to do where it is missing.
struct Capability
{
    unsigned long number;
    const char* name;
    const char* mend;
};

/// Needed on top of what every architecture needs.
[[nodiscard]] std::span<const Capability> architecture_capabilities() noexcept;

/// `vm` stays open as long as what is made from it. Both throw Error.
[[nodiscard]] std::unique_ptr<Vcpu> make_vcpu(int vm, VcpuIndex index, std::size_t run_area_size);
[[nodiscard]] std::unique_ptr<Vgic> make_vgic(int vm, const VgicLayout& layout);

} // namespace aliasvm::kvm
