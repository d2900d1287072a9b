// SPDX-License-Identifier: Apache-2.0
// The rules of KVM that a caller can break, and its interrupt lines.
#include "tests/fakes/fake_kvm.hpp"

#include "tests/fakes/keep.hpp"
#include "tests/fakes/statistics_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace aliasvm::fakes
{

namespace
{

constexpr std::uint32_t most_vcpus = 8; // VGIC_V2_MAX_CPUS

bool take_count(const UniqueFd& event)
{
    std::uint64_t count = 0;
    return ::read(event.get(), &count, sizeof count) == static_cast<ssize_t>(sizeof count);
}

void signal(const UniqueFd& event)
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event.get(), &one, sizeof one);
}

bool mapped(const VmModel::Slot& slot)
{
    // msync answers ENOMEM where nothing is mapped, and does nothing else here.
    return ::msync(slot.host, slot.guest.size, MS_ASYNC) == 0;
}

} // namespace

// ---- what a test does with a VM --------------------------------------------------------------

void VmModel::fail(Call call, int error, unsigned skip)
{
    const std::lock_guard lock{mutex_};
    faults_.fail(call, error, skip);
}

void VmModel::call(Call call, const std::string& words)
{
    faults_.check(call, words);
    if (nth_call != nullptr)
        nth_call->check(words);
    if (on_call)
        on_call(words);
}

VmModel::Line& VmModel::line(Spi spi)
{
    return lines_.try_emplace(spi, Line{.trigger = reset_trigger_}).first->second;
}

bool VmModel::may_touch_distributor()
{
    for (const auto& [index, vcpu] : vcpus_)
    {
        if (!vcpu->in_run())
            continue;
        ++distributor_refusals_;
        return false;
    }
    return true;
}

/// A register's part of the lines: `bits` of each, from `first` on.
std::uint32_t VmModel::load_distributor(kvm::VcpuIndex cpu, kvm::GicdOffset at)
{
    const auto compose = [&](std::uint32_t base, std::uint32_t bits, auto&& value_of)
    {
        std::uint32_t word = 0;
        const std::uint32_t first = (at.value - base) * 8 / bits;
        for (std::uint32_t n = 0; n < 32 / bits; ++n)
        {
            if (const auto line = Spi::from_intid(first + n))
                word |= value_of(*line) << (n * bits);
        }
        return word;
    };
    if (at.value >= 0xc00 && at.value < 0xd00)
        return compose(0xc00, 2,
                       [this](Spi line)
                       { return this->line(line).trigger == Trigger::edge ? 2U : 0U; });
    settle_locked();
    if (at.value >= 0x200 && at.value < 0x280)
        return compose(0x200, 1, [this](Spi line) { return pending_locked(line) ? 1U : 0U; });
    if (at.value >= 0x300 && at.value < 0x380)
        return compose(0x300, 1, [this](Spi line) { return this->line(line).active ? 1U : 0U; });
    return distributor[{cpu, at}];
}

void VmModel::set_trigger(Spi line, Trigger trigger)
{
    const std::lock_guard lock{mutex_};
    this->line(line).trigger = trigger;
}

void VmModel::set_active(Spi line, bool active)
{
    const std::lock_guard lock{mutex_};
    this->line(line).active = active;
}

unsigned VmModel::distributor_refusals() const
{
    const std::lock_guard lock{mutex_};
    return distributor_refusals_;
}

void VmModel::settle()
{
    const std::lock_guard lock{mutex_};
    settle_locked();
}

void VmModel::settle_locked()
{
    for (Irqfd& irqfd : irqfds_)
    {
        if (!take_count(irqfd.kept_event))
            continue;
        if (irqfd.resample)
            irqfd.asserted = true;
        // On a line that the guest has as edge, each count is an edge, resampled or not.
        if (!irqfd.resample || this->line(irqfd.line).trigger == Trigger::edge)
            this->line(irqfd.line).latched = true;
    }
}

bool VmModel::pending_locked(Spi line)
{
    settle_locked();
    const Line& state = this->line(line);
    if (state.trigger == Trigger::edge)
        return state.latched;
    return state.level || std::ranges::any_of(irqfds_, [line](const Irqfd& irqfd)
                                              { return irqfd.line == line && irqfd.asserted; });
}

bool VmModel::pending(Spi line)
{
    const std::lock_guard lock{mutex_};
    return pending_locked(line);
}

bool VmModel::acknowledge(Spi line)
{
    const std::lock_guard lock{mutex_};
    if (!pending_locked(line))
        return false;
    Line& state = this->line(line);
    state.latched = false;
    if (state.trigger == Trigger::edge)
        return true;
    for (Irqfd& irqfd : irqfds_)
    {
        if (irqfd.line == line && irqfd.resample && std::exchange(irqfd.asserted, false))
            signal(*irqfd.resample);
    }
    return true;
}

std::map<std::uint32_t, VmModel::Slot> VmModel::slots() const
{
    const std::lock_guard lock{mutex_};
    return slots_;
}

std::size_t VmModel::irqfd_count() const
{
    const std::lock_guard lock{mutex_};
    return irqfds_.size();
}

bool VmModel::vgic_initialised() const
{
    const std::lock_guard lock{mutex_};
    return initialised_;
}

std::optional<kvm::VgicLayout> VmModel::layout() const
{
    const std::lock_guard lock{mutex_};
    return layout_;
}

Trigger VmModel::trigger_of(Spi line) const
{
    const std::lock_guard lock{mutex_};
    const auto found = lines_.find(line);
    return found == lines_.end() ? reset_trigger_ : found->second.trigger;
}

unsigned VmModel::line_changes(Spi line) const
{
    const std::lock_guard lock{mutex_};
    const auto found = lines_.find(line);
    return found == lines_.end() ? 0 : found->second.changes;
}

std::size_t VmModel::vcpu_count() const
{
    const std::lock_guard lock{mutex_};
    return vcpus_.size();
}

VcpuModel& VmModel::vcpu(std::uint32_t index) const
{
    const std::lock_guard lock{mutex_};
    return *vcpus_.at(index);
}

unsigned VmModel::dangling_slots() const
{
    const std::lock_guard lock{mutex_};
    return dangling_;
}

bool VmModel::destroyed() const
{
    const std::lock_guard lock{mutex_};
    return destroyed_;
}

void VmModel::add_irqfd(Spi line, const EventFd& event, const EventFd* resample)
{
    const std::lock_guard lock{mutex_};
    call(Call::add_irqfd, fmt::format("add_irqfd {}", line.dt_cell()));
    if (!initialised_)
        throw Error{EAGAIN, "fake: irqfd before the vGIC is initialised"};
    if (std::ranges::any_of(irqfds_,
                            [&event](const Irqfd& irqfd) { return irqfd.event == event.get(); }))
        throw Error{EBUSY, "fake: the eventfd has an irqfd already"};
    Irqfd irqfd{line, event.get(), keep(event), std::nullopt, false};
    if (resample != nullptr)
        irqfd.resample = keep(*resample);
    irqfds_.push_back(std::move(irqfd));
}

// ---- the port --------------------------------------------------------------------------------

class FakeVgic final : public kvm::Vgic
{
public:
    explicit FakeVgic(std::shared_ptr<VmModel> model) : model_{std::move(model)} {}

    void init() override
    {
        const std::lock_guard lock{model_->mutex_};
        model_->call(VmModel::Call::init_vgic, "init_vgic");
        model_->initialised_ = true;
        for (const auto& [index, vcpu] : model_->vcpus_)
        {
            const std::lock_guard vcpu_lock{vcpu->mutex_};
            vcpu->vgic_initialised_ = true;
        }
    }

    void preset_trigger(Spi line, Trigger trigger) override
    {
        const std::lock_guard lock{model_->mutex_};
        model_->call(VmModel::Call::preset_trigger,
                     fmt::format("preset_trigger {}", line.dt_cell()));
        if (model_->vcpus_.empty())
            throw Error{EINVAL, "fake: there is no vCPU 0 whose view of the register is meant"};
        // KVM initialises on the first access to a register, too.
        model_->initialised_ = true;
        model_->line(line).trigger = trigger;
    }

    void preset_all_level() override
    {
        const std::lock_guard lock{model_->mutex_};
        model_->call(VmModel::Call::preset_all_level, "preset_all_level");
        model_->reset_trigger_ = Trigger::level;
        for (auto& [spi, line] : model_->lines_)
            line.trigger = Trigger::level;
    }

    std::uint32_t load_distributor(kvm::VcpuIndex cpu, kvm::GicdOffset at) noexcept override
    {
        const std::lock_guard lock{model_->mutex_};
        return model_->may_touch_distributor() ? model_->load_distributor(cpu, at) : 0;
    }

    void store_distributor(kvm::VcpuIndex cpu, kvm::GicdOffset at,
                           std::uint32_t value) noexcept override
    {
        const std::lock_guard lock{model_->mutex_};
        if (model_->may_touch_distributor())
            model_->distributor[{cpu, at}] = value;
    }

private:
    std::shared_ptr<VmModel> model_;
};

class FakeVm final : public kvm::Vm
{
public:
    explicit FakeVm(std::shared_ptr<VmModel> model, unsigned ipa_bits)
        : model_{std::move(model)}, ipa_bits_{ipa_bits}
    {
    }
    ~FakeVm() override
    {
        const std::lock_guard lock{model_->mutex_};
        model_->destroyed_ = true;
    }

    std::unique_ptr<kvm::Vgic> create_vgic(const kvm::VgicLayout& layout) override
    {
        const std::lock_guard lock{model_->mutex_};
        model_->call(VmModel::Call::create_vgic, "create_vgic");
        if (model_->layout_)
            throw Error{EEXIST, "fake: there is a vGIC already"};
        if (std::ranges::any_of(model_->vcpus_,
                                [](const auto& vcpu) { return vcpu.second->runs() != 0; }))
            throw Error{EBUSY, "fake: a vGIC after a vCPU has run"};
        if (!page_aligned(layout.distributor.value) || !page_aligned(layout.cpu_interface.value))
            throw Error{EINVAL, "fake: the vGIC is not page-aligned"};
        model_->layout_ = layout;
        return std::make_unique<FakeVgic>(model_);
    }

    std::unique_ptr<kvm::Vcpu> create_vcpu(kvm::VcpuIndex index) override
    {
        const std::lock_guard lock{model_->mutex_};
        model_->call(VmModel::Call::create_vcpu, fmt::format("create_vcpu {}", index.value));
        if (model_->layout_ && index.value >= most_vcpus)
            throw Error{EINVAL, "fake: a GICv2 serves {} vCPUs", most_vcpus};
        if (model_->initialised_)
            throw Error{EBUSY, "fake: a vCPU after the vGIC is initialised"};
        if (model_->vcpus_.contains(index.value))
            throw Error{EEXIST, "fake: there is a vCPU {} already", index.value};
        const auto vcpu = std::make_shared<VcpuModel>();
        vcpu->keeps_statistics = model_->keeps_statistics_;
        vcpu->has_pmu = model_->offers_pmu_;
        model_->vcpus_[index.value] = vcpu;
        return std::make_unique<FakeVcpu>(vcpu);
    }

    void set_slot(kvm::SlotId slot, const GuestRange& guest, std::byte* host) override
    {
        const std::lock_guard lock{model_->mutex_};
        model_->call(VmModel::Call::set_slot, fmt::format("set_slot {}", slot.value));
        const auto address = reinterpret_cast<std::uintptr_t>(host);
        if (guest.size == 0 || !guest.valid() || !page_aligned(guest.size) ||
            !page_aligned(guest.base.value) || !page_aligned(address))
            throw Error{EINVAL, "fake: a slot must be whole pages"};
        if (guest.last().value >> ipa_bits_ != 0)
            throw Error{EFAULT, "fake: a slot beyond the guest's address space"};
        for (const auto& [id, other] : model_->slots_)
        {
            if (id != slot.value && other.guest.overlaps(guest))
                throw Error{EEXIST, "fake: slot {} overlaps slot {}", slot.value, id};
        }
        // A slot may move, but not change its size or memory.
        if (const auto old = model_->slots_.find(slot.value);
            old != model_->slots_.end() &&
            (old->second.guest.size != guest.size || old->second.host != host))
            throw Error{EINVAL, "fake: slot {} is in use", slot.value};
        model_->slots_[slot.value] = {guest, host};
    }

    void remove_slot(kvm::SlotId slot) override
    {
        const std::lock_guard lock{model_->mutex_};
        model_->call(VmModel::Call::remove_slot, fmt::format("remove_slot {}", slot.value));
        const auto found = model_->slots_.find(slot.value);
        if (found == model_->slots_.end())
            throw Error{EINVAL, "fake: there is no slot {}", slot.value};
        if (!mapped(found->second))
            ++model_->dangling_;
        model_->slots_.erase(found);
    }

    void add_edge_irqfd(Spi line, const EventFd& event) override
    {
        model_->add_irqfd(line, event, nullptr);
    }

    void add_level_irqfd(Spi line, const EventFd& event, const EventFd& resample) override
    {
        model_->add_irqfd(line, event, &resample);
    }

    void remove_irqfd(Spi line, const EventFd& event) override
    {
        const std::lock_guard lock{model_->mutex_};
        model_->call(VmModel::Call::remove_irqfd, fmt::format("remove_irqfd {}", line.dt_cell()));
        model_->settle_locked(); // what is in flight arrives first
        std::erase_if(model_->irqfds_, [line, &event](const VmModel::Irqfd& irqfd)
                      { return irqfd.line == line && irqfd.event == event.get(); });
    }

    bool set_line(Spi line, bool level) noexcept override
    {
        const std::lock_guard lock{model_->mutex_};
        if (!model_->layout_)
            return false;
        model_->initialised_ = true; // as KVM does for a GICv2 that nobody has initialised
        VmModel::Line& state = model_->line(line);
        ++state.changes;
        // Each call that says high is an edge, whether or not the line had been low.
        if (level && state.trigger == Trigger::edge)
            state.latched = true;
        state.level = level;
        return true;
    }

    UniqueFd statistics() override
    {
        const std::lock_guard lock{model_->mutex_};
        model_->call(VmModel::Call::statistics, "statistics");
        if (!model_->keeps_statistics_)
            return {};
        return StatisticsFile{{{"remote_tlb_flush", {7}}}}.open();
    }

private:
    std::shared_ptr<VmModel> model_;
    unsigned ipa_bits_;
};

std::unique_ptr<kvm::Vm> FakeSystem::create_vm()
{
    vms.push_back(std::make_shared<VmModel>());
    vms.back()->keeps_statistics_ = keeps_statistics;
    vms.back()->offers_pmu_ = pmu;
    return std::make_unique<FakeVm>(vms.back(), ipa);
}

} // namespace aliasvm::fakes
