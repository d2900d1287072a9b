// SPDX-License-Identifier: Apache-2.0
// The script, and the wait of a guest that has nothing to do.
#include "tests/fakes/fake_vcpu.hpp"

#include "common/base/error.hpp"
#include "tests/fakes/statistics_file.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>

namespace aliasvm::fakes
{

namespace
{

constexpr std::chrono::seconds patience{5};

} // namespace

void VcpuModel::push(kvm::VcpuExit exit)
{
    const std::lock_guard lock{mutex_};
    script_.push_back(exit);
    changed_.notify_all();
}

bool VcpuModel::wait_idle()
{
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [this] { return waiting_ && script_.empty(); });
}

bool VcpuModel::in_run() const
{
    const std::lock_guard lock{mutex_};
    return waiting_;
}

bool VcpuModel::empty() const
{
    const std::lock_guard lock{mutex_};
    return script_.empty();
}

unsigned VcpuModel::runs() const
{
    const std::lock_guard lock{mutex_};
    return runs_;
}

unsigned VcpuModel::kicks() const
{
    const std::lock_guard lock{mutex_};
    return kicks_;
}

unsigned VcpuModel::aborts() const
{
    const std::lock_guard lock{mutex_};
    return aborts_;
}

unsigned VcpuModel::asked_for_pc() const
{
    const std::lock_guard lock{mutex_};
    return asked_for_pc_;
}

std::vector<std::uint64_t> VcpuModel::answers() const
{
    const std::lock_guard lock{mutex_};
    return answers_;
}

std::optional<GuestAddr> VcpuModel::entry() const
{
    const std::lock_guard lock{mutex_};
    return entry_;
}

std::uint64_t VcpuModel::x0() const
{
    const std::lock_guard lock{mutex_};
    return x0_;
}

bool VcpuModel::pmu_connected() const
{
    const std::lock_guard lock{mutex_};
    return pmu_connected_;
}

bool VcpuModel::destroyed() const
{
    const std::lock_guard lock{mutex_};
    return destroyed_;
}

FakeVcpu::~FakeVcpu()
{
    const std::lock_guard lock{model_->mutex_};
    model_->destroyed_ = true;
}

void FakeVcpu::set_entry(GuestAddr entry, std::uint64_t x0)
{
    const std::lock_guard lock{model_->mutex_};
    model_->entry_ = entry;
    model_->x0_ = x0;
}

void FakeVcpu::connect_pmu()
{
    const std::lock_guard lock{model_->mutex_};
    if (!model_->has_pmu)
        return;
    if (!model_->vgic_initialised_)
        throw Error{ENODEV, "fake: a PMU before the vGIC is initialised"};
    if (std::exchange(model_->pmu_connected_, true))
        throw Error{EBUSY, "fake: the PMU is connected already"};
}

kvm::VcpuExit FakeVcpu::run() noexcept
{
    VcpuModel& m = *model_;
    std::unique_lock lock{m.mutex_};
    ++m.runs_;
    if (m.has_pmu && !m.pmu_connected_)
        return kvm::Failure{"fake: the PMU is not connected", EINVAL};
    if (std::exchange(m.reading_, false))
    {
        std::uint64_t answer = 0;
        std::memcpy(&answer, m.data_.data(), sizeof answer);
        m.answers_.push_back(answer);
    }
    m.waiting_ = true;
    m.changed_.notify_all();
    m.changed_.wait(lock, [&m] { return m.kicked_ || !m.script_.empty(); });
    m.waiting_ = false;
    if (std::exchange(m.kicked_, false))
        return kvm::Interrupted{};
    kvm::VcpuExit exit = m.script_.front();
    m.script_.pop_front();
    if (auto* read = std::get_if<kvm::MmioRead>(&exit))
    {
        m.data_.fill(std::byte{});
        read->answer = m.data_.data();
        m.reading_ = true;
    }
    return exit;
}

void FakeVcpu::kick() noexcept
{
    const std::lock_guard lock{model_->mutex_};
    ++model_->kicks_;
    model_->kicked_ = true;
    model_->changed_.notify_all();
}

void FakeVcpu::set_stolen_time(GuestAddr at)
{
    model_->stolen_time = at;
}

bool FakeVcpu::inject_external_abort() noexcept
{
    const std::lock_guard lock{model_->mutex_};
    if (!model_->can_inject)
        return false;
    ++model_->aborts_;
    return true;
}

std::optional<kvm::CpuState> FakeVcpu::state() noexcept
{
    return model_->registers.state;
}

kvm::RegisterFile& FakeVcpu::registers() noexcept
{
    return model_->registers;
}

std::optional<std::uint64_t> FakeVcpu::virtual_counter() noexcept
{
    const std::lock_guard lock{model_->mutex_};
    return model_->clock;
}

bool FakeVcpu::set_virtual_counter(std::uint64_t value) noexcept
{
    const std::lock_guard lock{model_->mutex_};
    model_->clock = value;
    model_->clock_set.push_back(value);
    return true;
}

std::uint64_t FakeVcpu::program_counter() noexcept
{
    const std::lock_guard lock{model_->mutex_};
    ++model_->asked_for_pc_;
    return model_->registers.pc;
}

UniqueFd FakeVcpu::statistics()
{
    if (!model_->keeps_statistics)
        return {};
    return StatisticsFile{
        {{"exits", {model_->runs()}}, {"halt_wait_hist", {1, 2, 3}, Statistic::log_histogram}}}
        .open();
}

} // namespace aliasvm::fakes
