// SPDX-License-Identifier: Apache-2.0
// EdgeLine: an edge interrupt of a physical device, as one of the guest's.
#pragma once

#include "devices/passthrough/passthrough_line.hpp"

namespace aliasvm::devices
{

/// Each edge is one count on the eventfd and one interrupt of the guest; edges that come before KVM
/// has taken the count are one. VFIO neither masks an edge interrupt nor lets anybody mask it
/// (EINVAL), so VFIO's having an eventfd or not is all that decides whether the line is live. The
/// guest's line must be edge in its GIC too: newer kernels raise it and never lower it.
class EdgeLine final : public PassthroughLine
{
public:
    EdgeLine(kvm::Vm& vm, vfio::PlatformDevice& device, vfio::IrqIndex index, Spi guest)
        : PassthroughLine{vm, device, index, guest}
    {
    }
    ~EdgeLine() override { take_down(); }

private:
    void do_arm() override { vm_.add_edge_irqfd(guest_, event_); }
    void do_go_live() override { device_.set_signal(index_, event_); }
    void do_stop() override { device_.clear_signal(index_); }
    void do_disarm() override { vm_.remove_irqfd(guest_, event_); }
};

} // namespace aliasvm::devices
