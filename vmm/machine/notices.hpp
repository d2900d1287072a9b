// SPDX-License-Identifier: Apache-2.0
// Notices: what vCPU threads tell the main loop, without a lock, an allocation or a wait.
#pragma once

#include "common/base/address.hpp"
#include "common/base/event_fd.hpp"
#include "common/stats/own_counts.hpp"

#include <atomic>
#include <cstdint>
#include <optional>

namespace aliasvm::machine
{

/// A value that the first of several threads sets and any thread reads.
template <class T>
class FirstOnly
{
public:
    /// False if somebody was first.
    bool set(const T& value) noexcept
    {
        auto expected = State::empty;
        if (!state_.compare_exchange_strong(expected, State::writing, std::memory_order_acquire))
            return false;
        value_ = value;
        state_.store(State::set, std::memory_order_release);
        return true;
    }

    [[nodiscard]] std::optional<T> get() const noexcept
    {
        if (state_.load(std::memory_order_acquire) != State::set)
            return std::nullopt;
        return value_;
    }

private:
    enum class State : std::uint8_t
    {
        empty,
        writing,
        set,
    };

    std::atomic<State> state_{State::empty};
    T value_{};
};

/// Why a machine came to its end.
enum class EndCause : std::uint8_t
{
    power_off, ///< the guest asked for it (PSCI SYSTEM_OFF)
    reset,     ///< the guest asked for it (PSCI SYSTEM_RESET)
    crash,     ///< the guest said that it crashed
    failure,   ///< KVM or this VMM could not go on
};

struct End
{
    EndCause cause{};
    std::uint32_t vcpu{};
    const char* reason = ""; ///< a string literal
    std::uint64_t detail{};  ///< what KVM said, for a failure
    std::uint64_t pc{};      ///< where the vCPU was, for a failure
};

/// An access that nothing answers. Only the first is told: a guest can make millions.
struct UnmappedAccess
{
    GuestAddr at;
    std::uint8_t width{};
    bool write{};
    std::uint64_t pc{};
};

/// An access that was answered by an external abort, because it could not be performed.
struct RefusedAccess
{
    GuestAddr at;
    bool write{};
    std::uint64_t pc{};
    std::optional<std::uint32_t> word{}; ///< the instruction; none if it could not be read
};

/// Threads: the setters from any vCPU thread, noexcept; the rest from the main loop.
class Notices
{
public:
    void first_run() noexcept
    {
        running_.store(true, std::memory_order_release);
        event_.signal();
    }
    void end(const End& end) noexcept
    {
        if (end_.set(end))
            event_.signal();
    }
    [[nodiscard]] bool wants_unmapped() const noexcept { return !unmapped_.get(); }
    void unmapped(const UnmappedAccess& access) noexcept
    {
        if (unmapped_.set(access))
            event_.signal();
    }
    [[nodiscard]] bool wants_refused() const noexcept { return !refused_.get(); }
    void refused(const RefusedAccess& access) noexcept
    {
        if (refused_.set(access))
            event_.signal();
    }
    void count_refused() noexcept { counts_.refused_access(); }
    /// A vCPU waits for all to be out of the guest.
    void wants_stillness() noexcept
    {
        stillness_.store(true, std::memory_order_release);
        event_.signal();
    }

    /// Readable whenever there is something new; the main loop drains it.
    [[nodiscard]] const EventFd& event() const noexcept { return event_; }
    /// vCPU 0 has come to its first KVM_RUN.
    [[nodiscard]] bool running() const noexcept { return running_.load(std::memory_order_acquire); }
    [[nodiscard]] std::optional<End> end() const noexcept { return end_.get(); }
    [[nodiscard]] std::optional<UnmappedAccess> unmapped() const noexcept
    {
        return unmapped_.get();
    }
    [[nodiscard]] std::optional<RefusedAccess> refused() const noexcept { return refused_.get(); }
    [[nodiscard]] const stats::OwnCounts& counts() const noexcept { return counts_; }
    /// Whether one waits; asked once.
    [[nodiscard]] bool take_stillness() noexcept
    {
        return stillness_.exchange(false, std::memory_order_acq_rel);
    }

private:
    EventFd event_;
    std::atomic<bool> running_{};
    FirstOnly<End> end_;
    FirstOnly<UnmappedAccess> unmapped_;
    FirstOnly<RefusedAccess> refused_;
    stats::OwnCounts counts_;
    std::atomic<bool> stillness_{};
};

} // namespace aliasvm::machine
