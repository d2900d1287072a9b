// SPDX-License-Identifier: Apache-2.0
// Passthrough: a physical device behind an alias of one machine.
#pragma once

#include "common/kvm/port.hpp"
#include "common/plan/plan.hpp"
#include "common/quiesce/saved_registers.hpp"
#include "common/vfio/port.hpp"
#include "devices/passthrough/alias_window.hpp"
#include "devices/passthrough/line_watch.hpp"
#include "devices/passthrough/passthrough_line.hpp"
#include "vmm/machine/dma_memory.hpp"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace aliasvm::machine
{

/// The open device, its windows and its lines: there from construction to destruction, but nothing
/// of them in the guest before the steps below. The way in, and the way out in reverse:
///
///     construct → begin_dma() → arm() → show() → go_live()
///     stop_interrupts() → disarm() → hide() → bring_to_rest() → end_dma() → destroy
///
/// Destruction takes the rest of the way out from wherever it is, as far as the kernel lets it.
/// A step throws Error; those that say so then leave everything as it was before. Main thread only.
class Passthrough
{
public:
    /// Opens the device of `alias` and maps its windows, which get the slots from `first_slot` on.
    /// Vm and watch outlive this.
    Passthrough(kvm::Vm& vm, devices::LineWatch& watch, vfio::Host& host,
                const plan::AliasPlan& alias, kvm::SlotId first_slot);
    ~Passthrough();
    Passthrough(const Passthrough&) = delete;
    Passthrough& operator=(const Passthrough&) = delete;

    /// How the lines signal by what VFIO says of them, in the order of the plan.
    [[nodiscard]] const std::vector<Trigger>& triggers() const noexcept { return triggers_; }

    /// Guest memory becomes reachable by the device; does nothing unless it is a bus master that
    /// goes through an IOMMU. All or nothing, both. Memory outlives this.
    void begin_dma(const DmaMemory& memory);
    void end_dma();

    /// Reads what the guest has set the device to; a bus master then does no more DMA. Only while
    /// hidden. Throws EBUSY if it goes on, and has its registers as before.
    [[nodiscard]] quiesce::SavedRegisters bring_to_rest();
    /// Puts back what bring_to_rest() read, on a device at rest; before show().
    void restore(const quiesce::SavedRegisters& registers);

    void arm();
    void go_live();
    void stop_interrupts();
    void disarm();
    /// Takes every line to live from wherever it is: the undoing of the two before.
    void revive();
    /// Takes every line down for good: the undoing of a go_live() that failed.
    void silence() noexcept { lines_.clear(); }

    /// The windows; all or nothing.
    void show();
    void hide();
    [[nodiscard]] bool shown() const noexcept;

private:
    [[nodiscard]] bool stop_dma() noexcept;

    const Dma kind_;
    const std::vector<std::string> compatible_;
    // In the order in which they come to be, so that they go in reverse.
    std::unique_ptr<vfio::PlatformDevice> device_;
    const DmaMemory* dma_{}; ///< what the device reaches through an IOMMU; null if nothing
    bool dma_stopped_{true}; ///< it comes so, and stays so until the guest sees it
    std::deque<devices::AliasWindow> windows_;
    std::vector<Trigger> triggers_;
    std::vector<std::unique_ptr<devices::PassthroughLine>> lines_;
};

} // namespace aliasvm::machine
