// SPDX-License-Identifier: Apache-2.0
// Lines are made once and stay where they are.
#include "vmm/machine/emulated_irqs.hpp"

namespace aliasvm::machine
{

/// An emulated device's output, driven through KVM_IRQ_LINE.
class EmulatedIrqs::KvmLine final : public devices::IrqLine
{
public:
    KvmLine(kvm::Vm& vm, Spi guest) : vm_{vm}, guest_{guest} {}

    void set(bool level) noexcept override { vm_.set_line(guest_, level); }

private:
    kvm::Vm& vm_;
    Spi guest_;
};

devices::IrqLine& EmulatedIrqs::line(Spi guest)
{
    lines_.push_back(std::make_unique<KvmLine>(vm_, guest));
    return *lines_.back();
}

} // namespace aliasvm::machine
