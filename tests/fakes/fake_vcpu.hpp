// SPDX-License-Identifier: Apache-2.0
// FakeVcpu: a vCPU whose exits a test writes down beforehand.
#pragma once

#include "common/kvm/port.hpp"
#include "tests/fakes/fake_registers.hpp"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace aliasvm::fakes
{

/// The inside of a fake vCPU; outlives the port's object, so that a test can look afterwards.
/// Everything may be called from any thread.
class VcpuModel
{
public:
    /// What the next run() comes back with, in order. With nothing left, run() waits like a guest
    /// in WFI until a kick or another exit. For an MmioRead `answer` is supplied by the fake.
    void push(kvm::VcpuExit exit);
    /// Waits until the vCPU has taken all that was pushed and is in run() again; false after 5 s.
    [[nodiscard]] bool wait_idle();

    /// Whether it waits in run() now; with nothing pushed, whether the guest has its CPU.
    [[nodiscard]] bool in_run() const;
    /// Whether it has taken all that was pushed.
    [[nodiscard]] bool empty() const;
    [[nodiscard]] unsigned runs() const;
    [[nodiscard]] unsigned kicks() const;
    [[nodiscard]] unsigned aborts() const;
    [[nodiscard]] unsigned asked_for_pc() const;
    /// What each MmioRead was answered, in order, as of the run() after it.
    [[nodiscard]] std::vector<std::uint64_t> answers() const;
    [[nodiscard]] std::optional<GuestAddr> entry() const;
    [[nodiscard]] std::uint64_t x0() const;
    [[nodiscard]] bool pmu_connected() const;
    [[nodiscard]] bool destroyed() const;

    bool keeps_statistics = true; ///< set before somebody asks
    bool has_pmu{};               ///< KVM_ARM_VCPU_PMU_V3; set before it is connected
    bool can_inject = true;       ///< KVM_CAP_ARM_INJECT_EXT_DABT; set before it runs
    FakeRegisters registers;      ///< set before it runs; looked at when it is idle or paused
    /// Of the guest's clock: it goes on by itself, as the host's does.
    std::uint64_t clock{};
    std::vector<std::uint64_t> clock_set; ///< what it was set to
    std::optional<GuestAddr> stolen_time; ///< where it is told

private:
    friend class FakeVcpu;
    friend class FakeVgic;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<kvm::VcpuExit> script_;
    std::array<std::byte, 8> data_{};
    std::vector<std::uint64_t> answers_;
    std::optional<GuestAddr> entry_;
    std::uint64_t x0_{};
    unsigned runs_{};
    unsigned kicks_{};
    unsigned aborts_{};
    unsigned asked_for_pc_{};
    bool kicked_{};
    bool waiting_{};
    bool reading_{};
    bool vgic_initialised_{};
    bool pmu_connected_{};
    bool destroyed_{};
};

/// What the machine under test gets.
class FakeVcpu final : public kvm::Vcpu
{
public:
    explicit FakeVcpu(std::shared_ptr<VcpuModel> model) : model_{std::move(model)} {}
    ~FakeVcpu() override;

    void set_entry(GuestAddr entry, std::uint64_t x0) override;
    void connect_pmu() override;
    [[nodiscard]] kvm::VcpuExit run() noexcept override;
    void kick() noexcept override;
    void set_stolen_time(GuestAddr at) override;
    [[nodiscard]] bool inject_external_abort() noexcept override;
    [[nodiscard]] std::optional<kvm::CpuState> state() noexcept override;
    [[nodiscard]] kvm::RegisterFile& registers() noexcept override;
    [[nodiscard]] std::optional<std::uint64_t> virtual_counter() noexcept override;
    bool set_virtual_counter(std::uint64_t value) noexcept override;
    [[nodiscard]] std::uint64_t program_counter() noexcept override;
    /// "exits", and a histogram as KVM has some.
    [[nodiscard]] UniqueFd statistics() override;

private:
    std::shared_ptr<VcpuModel> model_;
};

} // namespace aliasvm::fakes
