// SPDX-License-Identifier: Apache-2.0
// Arm64Vgic: the in-kernel GICv2.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/kvm/port.hpp"

namespace aliasvm::kvm
{

/// Documentation/virt/kvm/devices/arm-vgic.rst. No state besides the descriptor.
class Arm64Vgic final : public Vgic
{
public:
    /// Owns a device descriptor of KVM_CREATE_DEVICE. Throws Error.
    Arm64Vgic(UniqueFd device, const VgicLayout& layout);

    void init() override;
    void preset_all_level() override;
    void preset_trigger(Spi line, Trigger trigger) override;
    [[nodiscard]] std::uint32_t load_distributor(VcpuIndex cpu, GicdOffset at) noexcept override;
    void store_distributor(VcpuIndex cpu, GicdOffset at, std::uint32_t value) noexcept override;

private:
    UniqueFd fd_;
};

} // namespace aliasvm::kvm
