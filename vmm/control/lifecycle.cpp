// SPDX-License-Identifier: Apache-2.0
// Notices, signals and two timers; each handler short.
#include "vmm/control/lifecycle.hpp"

#include <csignal>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace aliasvm::control
{

namespace
{

using boost::system::error_code;

/// What the guest may take beyond its own time: to leave KVM_RUN, join threads, close devices.
constexpr std::chrono::seconds teardown_allowance{10};

/// How long a finger stays on a button.
constexpr std::chrono::milliseconds key_press{100};

} // namespace

Lifecycle::Lifecycle(boost::asio::io_context& loop, machine::Machine& machine,
                     std::chrono::seconds stop_timeout, std::string description)
    : loop_{loop}, machine_{machine}, stop_timeout_{stop_timeout},
      description_{std::move(description)}, notices_{loop, machine.notices().event().get()},
      lines_{loop, machine.line_descriptor()}, signals_{loop, SIGTERM, SIGINT}, power_key_{loop},
      stop_deadline_{loop}, watchdog_{loop}, watchdog_interval_{manager_.watchdog_interval()}
{
    if (const auto clock = machine.clock_descriptor())
        clock_.emplace(loop, *clock);
    wait_for_notice();
    wait_for_lines();
    wait_for_clock();
    wait_for_signal();
    ping();
}

Lifecycle::~Lifecycle()
{
    notices_.release(); // the machine owns the descriptors
    lines_.release();
    if (clock_)
        clock_->release();
}

void Lifecycle::wait_for_notice()
{
    notices_.async_wait(notices_.wait_read,
                        [this](error_code failed)
                        {
                            if (failed)
                                return;
                            machine_.notices().event().drain();
                            on_notice();
                            wait_for_notice();
                        });
}

void Lifecycle::wait_for_lines()
{
    lines_.async_wait(lines_.wait_read,
                      [this](error_code failed)
                      {
                          if (failed)
                              return;
                          for (const Spi line : machine_.serve_lines())
                              spdlog::warn(
                                  "the guest has SPI {} (INTID {}) as edge, and its device "
                                  "signals a level: each interrupt goes through this "
                                  "process from now on",
                                  line.dt_cell(), line.intid());
                          wait_for_lines();
                      });
}

void Lifecycle::wait_for_clock()
{
    if (!clock_)
        return;
    clock_->async_wait(clock_->wait_read,
                       [this](error_code failed)
                       {
                           if (failed)
                               return;
                           machine_.serve_clock();
                           wait_for_clock();
                       });
}

void Lifecycle::on_notice()
{
    const machine::Notices& notices = machine_.notices();
    if (!ready_ && notices.running())
    {
        ready_ = true;
        manager_.ready(state());
    }
    if (const auto access = notices.unmapped(); access && !unmapped_told_)
    {
        unmapped_told_ = true;
        spdlog::warn("guest {} of {} bytes at {:#x}, where nothing is (pc {:#x}); reads give 0, "
                     "writes vanish; further ones are only counted",
                     access->write ? "write" : "read", access->width, access->at.value, access->pc);
    }
    if (const auto access = notices.refused(); access && !refused_told_)
    {
        refused_told_ = true;
        spdlog::warn("guest {} {:#x} by {} (pc {:#x}), which cannot be performed here; answered "
                     "with an external abort, as further ones, which are only counted",
                     access->write ? "writes to" : "reads", access->at.value,
                     access->word ? fmt::format("instruction {:#010x}", *access->word)
                                  : "an instruction that cannot be read",
                     access->pc);
    }
    machine_.finish_exits();
    if (const auto end = notices.end())
        on_end(*end);
}

void Lifecycle::on_end(const machine::End& end)
{
    switch (end.cause)
    {
    case machine::EndCause::power_off:
        spdlog::info("{} (vCPU {})", end.reason, end.vcpu);
        return finish(ExitStatus::success);
    case machine::EndCause::reset:
        spdlog::info("{} (vCPU {})", end.reason, end.vcpu);
        return finish(reset_status());
    case machine::EndCause::crash:
    case machine::EndCause::failure:
        break;
    }
    spdlog::error("machine ends: {} (vCPU {}, pc {:#x}, detail {:#x})", end.reason, end.vcpu,
                  end.pc, end.detail);
    manager_.status(std::string{"failed: "} + end.reason);
    finish(ExitStatus::failure);
}

void Lifecycle::wait_for_signal()
{
    signals_.async_wait(
        [this](error_code failed, int)
        {
            if (failed)
                return;
            if (std::exchange(stopping_, true))
                return finish(ExitStatus::success);
            begin_stop();
            wait_for_signal();
        });
}

void Lifecycle::begin_stop()
{
    manager_.stopping("stopping: the guest was told", stop_timeout_ + teardown_allowance);
    if (machine_.paused())
    {
        spdlog::info("stop: resuming the machine, which is paused and could hear nothing");
        machine_.resume();
    }
    if (!machine_.press_power_key())
    {
        spdlog::info("stop: this machine has no power key to tell the guest with; powering off");
        return finish(ExitStatus::success);
    }
    spdlog::info("stop: power key pressed; the guest has {} s", stop_timeout_.count());
    power_key_.expires_after(key_press);
    power_key_.async_wait(
        [this](error_code cancelled)
        {
            if (!cancelled)
                machine_.release_power_key();
        });
    stop_deadline_.expires_after(stop_timeout_);
    stop_deadline_.async_wait(
        [this](error_code cancelled)
        {
            if (cancelled)
                return;
            spdlog::warn("stop: the guest did not power off in {} s; powering off",
                         stop_timeout_.count());
            finish(ExitStatus::success);
        });
}

std::string Lifecycle::state() const
{
    return (machine_.paused() ? "paused: " : "running: ") + description_;
}

void Lifecycle::describe(std::string description)
{
    description_ = std::move(description);
    tell_state();
}

void Lifecycle::tell_state()
{
    // Before READY there is nothing to tell yet; at the end there is something else to tell.
    if (ready_ && !stopping_ && !over())
        manager_.status(state());
}

void Lifecycle::power_off()
{
    spdlog::info("powering off, as asked");
    finish_soon(ExitStatus::success);
}

void Lifecycle::reset()
{
    spdlog::info("resetting, as asked");
    finish_soon(reset_status());
}

bool Lifecycle::over() const noexcept
{
    return over_ || machine_.notices().end();
}

ExitStatus Lifecycle::reset_status() const noexcept
{
    // A guest that is being stopped has had its say.
    return stopping_ ? ExitStatus::success : ExitStatus::reset;
}

void Lifecycle::finish_soon(ExitStatus status)
{
    over_ = true;
    result_ = status;
    boost::asio::post(loop_, [&loop = loop_] { loop.stop(); });
}

void Lifecycle::finish(ExitStatus status)
{
    if (!std::exchange(over_, true))
        result_ = status;
    loop_.stop();
}

void Lifecycle::ping()
{
    if (!watchdog_interval_)
        return;
    manager_.watchdog_ping();
    watchdog_.expires_after(*watchdog_interval_);
    watchdog_.async_wait(
        [this](error_code cancelled)
        {
            if (!cancelled)
                ping();
        });
}

} // namespace aliasvm::control
