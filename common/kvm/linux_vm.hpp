// SPDX-License-Identifier: Apache-2.0
// LinuxVm: one VM of a Linux host's KVM.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/kvm/port.hpp"

#include <cstddef>

namespace aliasvm::kvm
{

/// Any thread: the kernel serialises (Documentation/virt/kvm/api.rst, "VM ioctls"), and there is no
/// state here. The descriptors that are passed in may be closed afterwards, but a closed eventfd
/// takes its irqfd along: remove that first.
class LinuxVm final : public Vm
{
public:
    /// Owns a VM descriptor; `run_area_size` is KVM_GET_VCPU_MMAP_SIZE.
    LinuxVm(UniqueFd vm, std::size_t run_area_size) noexcept;

    [[nodiscard]] std::unique_ptr<Vgic> create_vgic(const VgicLayout& layout) override;
    [[nodiscard]] std::unique_ptr<Vcpu> create_vcpu(VcpuIndex index) override;
    void set_slot(SlotId slot, const GuestRange& guest, std::byte* host) override;
    void remove_slot(SlotId slot) override;
    void add_edge_irqfd(Spi line, const EventFd& event) override;
    void add_level_irqfd(Spi line, const EventFd& event, const EventFd& resample) override;
    void remove_irqfd(Spi line, const EventFd& event) override;
    bool set_line(Spi line, bool level) noexcept override;
    [[nodiscard]] UniqueFd statistics() override;

private:
    UniqueFd fd_;
    std::size_t run_area_size_;
};

} // namespace aliasvm::kvm
