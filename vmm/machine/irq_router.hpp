// SPDX-License-Identifier: Apache-2.0
// IrqRouter: every interrupt line that leads into one machine.
#pragma once

#include "devices/irq_line.hpp"
#include "devices/passthrough/passthrough_line.hpp"
#include "vmm/base/spi.hpp"
#include "vmm/kvm/port.hpp"
#include "vmm/vfio/port.hpp"

#include <memory>
#include <vector>

namespace aliasvm::machine
{

/// Lines of passed-through devices go from VFIO to the vGIC inside the kernel; lines of emulated
/// ones through KVM_IRQ_LINE. Main thread only, but for what IrqLine allows. Throws Error.
///
///     construct → connect everything → arm() → go_live() just before the first KVM_RUN
///
/// Destruction disarms every line, after the last KVM_RUN and before the devices close.
class IrqRouter
{
public:
    IrqRouter(kvm::Vm& vm, kvm::Vgic& vgic);

    /// A line for an emulated device, low. Lives as long as the router.
    [[nodiscard]] devices::IrqLine& emulated(Spi guest);

    /// Connects a device's interrupt to a guest SPI. Whether it is level or edge is what VFIO says
    /// of it, and the vGIC is preset alike, since a guest may leave GICD_ICFGR alone.
    void passthrough(vfio::PlatformDevice& device, vfio::IrqIndex index, Spi guest);

    void arm();
    void go_live();

private:
    class KvmLine;

    kvm::Vm& vm_;
    kvm::Vgic& vgic_;
    std::vector<std::unique_ptr<devices::IrqLine>> emulated_;
    std::vector<std::unique_ptr<devices::PassthroughLine>> passthrough_;
};

} // namespace aliasvm::machine
