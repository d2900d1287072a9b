// SPDX-License-Identifier: Apache-2.0
// Loads and stores of any width at KVM's distributor, for instructions that are performed here.
#pragma once

#include "common/kvm/port.hpp"

#include <cstdint>

namespace aliasvm::machine
{

/// An element of an access to the distributor: `offset` from its base, a multiple of `width`, which
/// is 1, 2, 4 or 8, and all of it inside.
struct DistributorElement
{
    std::uint32_t offset{};
    std::uint8_t width{};
};

/// As a GIC-400 takes them (IHI 0048, 4.1.4 and 4.3): words everywhere; bytes, and two at once, in
/// the registers with a byte for each interrupt and in those of pending SGIs; nothing smaller than
/// a word elsewhere (reads 0). Eight bytes are two words, which is what its 32-bit bus makes of
/// them. While no vCPU is in KVM_RUN.
[[nodiscard]] std::uint64_t load(kvm::Vgic& vgic, kvm::VcpuIndex cpu,
                                 DistributorElement element) noexcept;
void store(kvm::Vgic& vgic, kvm::VcpuIndex cpu, DistributorElement element,
           std::uint64_t value) noexcept;

} // namespace aliasvm::machine
