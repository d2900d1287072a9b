// SPDX-License-Identifier: Apache-2.0
// Lifecycle: the life of a running machine on the main loop, from READY to an exit status.
#pragma once

#include "vmm/control/exit_status.hpp"
#include "vmm/control/service_manager.hpp"
#include "vmm/machine/machine.hpp"

#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace aliasvm::control
{

/// Tells systemd READY once vCPU 0 runs, and pings its watchdog from the loop, so that a loop that
/// is stuck is noticed. On SIGTERM or SIGINT the guest is told (power key) and gets its
/// stop_timeout to power off; at a second signal, or without a power key, the machine ends at once.
/// A machine that is paused then is resumed, as it could not hear the key. When the machine ends,
/// the loop stops and result() says how.
///
/// Main thread only. The machine outlives this object.
class Lifecycle
{
public:
    /// `description` is what the machine is, for STATUS.
    Lifecycle(boost::asio::io_context& loop, machine::Machine& machine,
              std::chrono::seconds stop_timeout, std::string description);
    ~Lifecycle();
    Lifecycle(const Lifecycle&) = delete;
    Lifecycle& operator=(const Lifecycle&) = delete;

    /// What the machine is from now on; STATUS follows.
    void describe(std::string description);
    /// STATUS follows whether the machine is paused.
    void tell_state();

    /// The machine ends as if the guest had asked for it; what is on the loop already comes first.
    void power_off();
    void reset();
    /// The machine has come to its end, or is about to.
    [[nodiscard]] bool over() const noexcept;

    /// After the loop has stopped.
    [[nodiscard]] ExitStatus result() const noexcept { return result_; }

private:
    void wait_for_notice();
    void wait_for_lines();
    void wait_for_clock();
    void on_notice();
    void on_end(const machine::End& end);
    void wait_for_signal();
    void begin_stop();
    void finish(ExitStatus status);
    void finish_soon(ExitStatus status);
    [[nodiscard]] std::string state() const;
    [[nodiscard]] ExitStatus reset_status() const noexcept;
    void ping();

    boost::asio::io_context& loop_;
    machine::Machine& machine_;
    std::chrono::seconds stop_timeout_;
    std::string description_;
    ServiceManager manager_;
    boost::asio::posix::stream_descriptor notices_;
    boost::asio::posix::stream_descriptor lines_;
    std::optional<boost::asio::posix::stream_descriptor> clock_; ///< if the machine has one
    boost::asio::signal_set signals_;
    boost::asio::steady_timer power_key_;
    boost::asio::steady_timer stop_deadline_;
    boost::asio::steady_timer watchdog_;
    std::optional<std::chrono::microseconds> watchdog_interval_;
    bool ready_{};
    bool unmapped_told_{};
    bool refused_told_{};
    bool stopping_{};
    bool over_{};
    ExitStatus result_{ExitStatus::failure};
};

} // namespace aliasvm::control
