// SPDX-License-Identifier: Apache-2.0
// EmulatedIrqs: the interrupt lines of one machine's emulated devices.
#pragma once

#include "common/base/spi.hpp"
#include "common/kvm/port.hpp"
#include "devices/irq_line.hpp"

#include <memory>
#include <vector>

namespace aliasvm::machine
{

/// Through KVM_IRQ_LINE; those of passed-through devices go from VFIO to the vGIC inside the kernel
/// (Passthrough). Main thread only, but for what IrqLine allows.
class EmulatedIrqs
{
public:
    explicit EmulatedIrqs(kvm::Vm& vm) : vm_{vm} {}

    /// A line that is low and lives as long as this. The guest's GIC has it as level
    /// (Vgic::preset_all_level()). Before the first KVM_RUN.
    [[nodiscard]] devices::IrqLine& line(Spi guest);

private:
    class KvmLine;

    kvm::Vm& vm_;
    std::vector<std::unique_ptr<devices::IrqLine>> lines_;
};

} // namespace aliasvm::machine
