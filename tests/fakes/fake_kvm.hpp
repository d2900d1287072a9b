// SPDX-License-Identifier: Apache-2.0
// FakeSystem: a KVM for tests, with the rules of the real one and scripted vCPUs.
#pragma once

#include "common/kvm/port.hpp"
#include "tests/fakes/fake_vcpu.hpp"
#include "tests/fakes/faults.hpp"
#include "tests/fakes/nth_call.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aliasvm::fakes
{

/// The inside of a fake VM; outlives the port's object. Everything may be called from any thread.
///
/// Where the kernel would act by itself, the fake does it when it is asked something or told
/// settle(): it takes the counts of all eventfds.
class VmModel
{
public:
    enum class Call : std::uint8_t
    {
        create_vgic,
        create_vcpu,
        init_vgic,
        preset_trigger,
        preset_all_level,
        set_slot,
        remove_slot,
        add_irqfd,
        remove_irqfd,
        statistics,
    };

    struct Slot
    {
        GuestRange guest;
        std::byte* host;
    };

    // -- what a test says
    void fail(Call call, int error, unsigned skip = 0);
    NthCall* nth_call{}; ///< may be null
    /// Hears of each call that may fail, in the words "set_slot 3". Under the model's lock: it must
    /// not ask the model anything.
    std::function<void(std::string)> on_call;

    // -- what the guest would see or do
    void settle();
    /// A level that is up, or an edge that nobody has taken.
    [[nodiscard]] bool pending(Spi line);
    /// The guest takes the interrupt and says EOI: an edge is consumed, a level by irqfd is lowered
    /// and resampled. False if nothing was pending. A line that the guest has as edge is not
    /// resampled, as in KVM.
    bool acknowledge(Spi line);

    /// The guest writes GICD_ICFGR.
    void set_trigger(Spi line, Trigger trigger);
    /// The guest has acknowledged it, and not said EOI.
    void set_active(Spi line, bool active);
    /// Of the distributor, to the vCPU that looks; GICD_ICFGR, ISPENDR and ISACTIVER follow the
    /// lines. What is not there is 0, and is there once it is written.
    std::map<std::pair<kvm::VcpuIndex, kvm::GicdOffset>, std::uint32_t> distributor;

    // -- what a test looks at
    /// Accesses to the distributor while a vCPU was in KVM_RUN, which KVM refuses.
    [[nodiscard]] unsigned distributor_refusals() const;
    [[nodiscard]] std::map<std::uint32_t, Slot> slots() const;
    [[nodiscard]] std::size_t irqfd_count() const;
    [[nodiscard]] bool vgic_initialised() const;
    [[nodiscard]] std::optional<kvm::VgicLayout> layout() const;
    /// KVM's reset value is edge.
    [[nodiscard]] Trigger trigger_of(Spi line) const;
    [[nodiscard]] unsigned line_changes(Spi line) const; ///< calls of set_line
    [[nodiscard]] std::size_t vcpu_count() const;
    [[nodiscard]] VcpuModel& vcpu(std::uint32_t index) const;
    /// Slots whose memory was already unmapped when they were removed.
    [[nodiscard]] unsigned dangling_slots() const;
    [[nodiscard]] bool destroyed() const;

private:
    friend class FakeVm;
    friend class FakeVgic;
    friend class FakeSystem;

    struct Irqfd
    {
        Spi line;
        int event;           ///< the number by which it was given
        UniqueFd kept_event; ///< the eventfd itself, as the kernel holds it
        std::optional<UniqueFd> resample;
        bool asserted{};
    };
    struct Line
    {
        Trigger trigger{Trigger::edge};
        bool level{};   ///< by set_line
        bool latched{}; ///< an edge
        bool active{};
        unsigned changes{};
    };

    [[nodiscard]] Line& line(Spi spi);
    [[nodiscard]] bool may_touch_distributor();
    [[nodiscard]] std::uint32_t load_distributor(kvm::VcpuIndex cpu, kvm::GicdOffset at);
    [[nodiscard]] bool pending_locked(Spi line);
    void settle_locked();
    void add_irqfd(Spi line, const EventFd& event, const EventFd* resample);
    void call(Call call, const std::string& words);

    mutable std::mutex mutex_;
    Faults<Call> faults_;
    std::map<std::uint32_t, Slot> slots_;
    std::vector<Irqfd> irqfds_;
    std::map<Spi, Line> lines_;
    Trigger reset_trigger_{Trigger::edge}; ///< of lines that nobody has named yet
    std::optional<kvm::VgicLayout> layout_;
    bool initialised_{};
    std::map<std::uint32_t, std::shared_ptr<VcpuModel>> vcpus_;
    unsigned dangling_{};
    unsigned distributor_refusals_{};
    bool keeps_statistics_{};
    bool offers_pmu_{};
    bool destroyed_{};
};

/// Keeps the inside of every VM that it has made, in `vms`, oldest first.
class FakeSystem final : public kvm::System
{
public:
    [[nodiscard]] std::unique_ptr<kvm::Vm> create_vm() override;
    [[nodiscard]] unsigned ipa_bits() override { return ipa; }
    [[nodiscard]] bool stolen_time() override { return counts_stolen_time; }
    [[nodiscard]] bool offers_pmu() override { return pmu; }

    [[nodiscard]] VmModel& vm() const { return *vms.back(); }

    unsigned ipa = 40;
    bool counts_stolen_time{};
    bool pmu = true;              ///< of VMs made from now on
    bool keeps_statistics = true; ///< of VMs made from now on, as Linux 5.14 does
    std::vector<std::shared_ptr<VmModel>> vms;
};

} // namespace aliasvm::fakes
