// SPDX-License-Identifier: Apache-2.0
// Aliases: which instance stands behind each alias of one machine, and how that changes.
#pragma once

#include "common/kvm/port.hpp"
#include "common/plan/plan.hpp"
#include "common/vfio/port.hpp"
#include "vmm/machine/dma_memory.hpp"
#include "vmm/machine/passthrough.hpp"
#include "vmm/machine/vcpu_threads.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::machine
{

/// An instance that a machine has open, by the catalogue's name.
struct Holding
{
    std::string alias;
    std::string instance;

    friend bool operator==(const Holding&, const Holding&) = default;
};

/// Every alias of the plan, with or without something behind it. What an alias is to the guest, its
/// windows and its lines, never changes: its memory slots and the triggers in the guest's GIC are
/// settled once, so that ten thousand moves take no more of either than one.
///
/// Everything throws Error that names the alias, the instance and the step. Vm, vGIC, watch, memory
/// and hosts outlive this. Main thread only.
class Aliases
{
public:
    Aliases(kvm::Vm& vm, kvm::Vgic& vgic, devices::LineWatch& watch, DmaMemory memory);
    Aliases(const Aliases&) = delete;
    Aliases& operator=(const Aliases&) = delete;

    // -- after Vgic::init() and before the vCPUs run, in this order

    /// Opens the instance if there is one. A line is preset to what the plan, and so the guest's
    /// device tree, says of it, that of an empty alias too: somebody may come, and the guest may
    /// never write GICD_ICFGR. Lines of emulated devices are level. The slots are those from
    /// `first_slot` on, one a window. EINVAL: the instance signals in another way.
    void add(const plan::AliasPlan& alias, kvm::SlotId first_slot, vfio::Host& host);
    /// Puts every instance into the guest: memory, interrupts, registers. No line is live.
    void show();
    /// Lets every line live. Just before the first KVM_RUN.
    void go_live();

    // -- while the vCPUs run, or are paused; both return how long they stood still because of it

    /// Takes the instance out of the guest and closes it: reads give 0 from then on, and writes
    /// vanish. A bus master is at rest then. If a step fails the alias works as before. ENOENT:
    /// there is no such alias or nothing is behind it; EINVAL: what is behind it is no instance;
    /// EBUSY: its DMA does not stop.
    std::chrono::microseconds detach(std::string_view alias, VcpuThreads& vcpus);

    /// Puts an instance behind an empty alias; `alias` is the plan of that alias with it. With
    /// Settings::as_left, the instance that was detached from here last is set as the guest had it;
    /// any other is at rest. If a step
    /// fails the alias is empty as before, and the device closed. ENOENT: there is no such alias;
    /// EBUSY: something is behind it; EINVAL: the plan is of another alias or of no instance, or
    /// the instance signals in another way than the guest was told.
    std::chrono::microseconds attach(const plan::AliasPlan& alias, quiesce::Settings settings,
                                     vfio::Host& host, VcpuThreads& vcpus);

    /// Every alias as it is to the guest and with what stands behind it now, in the order of the
    /// plan: nobody else keeps this.
    [[nodiscard]] std::vector<plan::AliasPlan> plans() const;
    [[nodiscard]] std::vector<Holding> holdings() const;

private:
    /// What was detached last, and how.
    struct Left
    {
        std::string instance;
        quiesce::SavedRegisters registers;
    };

    struct Alias
    {
        plan::AliasPlan plan; ///< as it is now
        kvm::SlotId first_slot;
        std::unique_ptr<Passthrough> instance; ///< null if there is none
        Left left{};
    };

    template <class Act>
    void each_instance(Act&& act);
    [[nodiscard]] Alias& find(std::string_view name);
    static void put_back(Passthrough& instance, VcpuThreads& vcpus,
                         const std::optional<quiesce::SavedRegisters>& registers);

    kvm::Vm& vm_;
    kvm::Vgic& vgic_;
    devices::LineWatch& watch_;
    DmaMemory dma_;
    std::deque<Alias> aliases_;
};

} // namespace aliasvm::machine
