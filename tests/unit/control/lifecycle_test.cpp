// SPDX-License-Identifier: Apache-2.0
// Lifecycle over a machine of fakes: what systemd is told, and which exit status comes of what.
#include "vmm/control/lifecycle.hpp"

#include "tests/unit/control/notify_socket.hpp"
#include "tests/unit/machine/machine_bench.hpp"

#include <csignal>
#include <cstdlib>
#include <thread>

namespace
{

using namespace aliasvm;
using namespace aliasvm::tests;
using control::ExitStatus;

constexpr Spi gpio_spi = *Spi::from_dt_cell(16);
constexpr std::chrono::seconds endless{20}; // a patience that no machine is too busy for

class ALifecycle : public MachineBench
{
protected:
    /// Powers a machine on, lets `act` happen beside the running loop, and returns how it ended.
    ExitStatus run(std::vector<plan::AliasPlan> aliases, const std::function<void()>& act,
                   std::chrono::seconds patience = std::chrono::seconds{1})
    {
        const auto machine = power_on(plan_of(std::move(aliases)));
        boost::asio::io_context loop{1};
        control::Lifecycle lifecycle{loop, *machine, patience, "uart0=uart1"};
        std::thread beside{act};
        loop.run();
        beside.join();
        return lifecycle.result();
    }

    void guest_says(kvm::SystemEvent event) { system.vm().vcpu(0).push(event); }

    static void tell_process(int signal) { ::kill(::getpid(), signal); }

    NotifySocket systemd;
};

TEST_F(ALifecycle, TellsSystemdReadyOnceVcpu0Runs)
{
    run({},
        [&]
        {
            EXPECT_TRUE(wait_until(
                [&] {
                    return systemd.text().find("READY=1\nSTATUS=running: uart0=uart1") !=
                           std::string::npos;
                }));
            EXPECT_GE(system.vm().vcpu(0).runs(), 1U);
            guest_says(kvm::SystemEvent::power_off);
        });
}

TEST_F(ALifecycle, EndsWithSuccessWhenTheGuestPowersOff)
{
    EXPECT_EQ(run({}, [&] { guest_says(kvm::SystemEvent::power_off); }), ExitStatus::success);
}

TEST_F(ALifecycle, EndsWithTheResetStatusWhenTheGuestResets)
{
    EXPECT_EQ(run({}, [&] { guest_says(kvm::SystemEvent::reset); }), ExitStatus::reset);
}

TEST_F(ALifecycle, EndsWithFailureAndTheReasonWhenTheGuestCrashes)
{
    EXPECT_EQ(run({}, [&] { guest_says(kvm::SystemEvent::crash); }), ExitStatus::failure);
    EXPECT_NE(systemd.text().find("STATUS=failed: the guest crashed"), std::string::npos);
}

TEST_F(ALifecycle, PressesThePowerKeyAndWaitsForTheGuestWhenItIsStopped)
{
    const auto status =
        run({power_key()},
            [&]
            {
                listen_to_the_power_key();
                tell_process(SIGTERM);
                EXPECT_TRUE(wait_until([&] { return system.vm().pending(gpio_spi); }));
                EXPECT_TRUE(wait_until(
                    [&] { return systemd.text().find("STOPPING=1") != std::string::npos; }));
                guest_says(kvm::SystemEvent::power_off);
            });
    EXPECT_EQ(status, ExitStatus::success);
    EXPECT_NE(systemd.text().find("EXTEND_TIMEOUT_USEC=11000000"), std::string::npos);
}

TEST_F(ALifecycle, ServesTheClockOfItsMachine)
{
    const auto status =
        run({clock_alias()},
            [&]
            {
                auto& cpu = system.vm().vcpu(0);
                cpu.push(kvm::MmioWrite{{0xffa6'0020}, 4, 1}); // INT_STATUS: seconds
                cpu.push(kvm::MmioWrite{{0xffa6'0028}, 4, 1}); // INT_EN
                const Spi seconds = *Spi::from_dt_cell(27);
                for (int n = 0; n < 2; ++n)
                {
                    EXPECT_TRUE(wait_until([&] { return system.vm().pending(seconds); }));
                    cpu.push(kvm::MmioWrite{{0xffa6'0020}, 4, 1});
                    EXPECT_TRUE(wait_until([&] { return !system.vm().pending(seconds); }));
                }
                guest_says(kvm::SystemEvent::power_off);
            });
    EXPECT_EQ(status, ExitStatus::success);
}

TEST_F(ALifecycle, ResumesAPausedMachineSoThatItHearsThePowerKey)
{
    const auto machine = power_on(plan_of({power_key()}));
    boost::asio::io_context loop{1};
    control::Lifecycle lifecycle{loop, *machine, std::chrono::seconds{20}, "uart0=uart1"};
    listen_to_the_power_key();
    machine->pause();
    std::thread beside{[&]
                       {
                           tell_process(SIGTERM);
                           EXPECT_TRUE(wait_until([&] { return system.vm().pending(gpio_spi); }));
                           guest_says(kvm::SystemEvent::power_off);
                       }};
    loop.run();
    beside.join();
    EXPECT_EQ(lifecycle.result(), ExitStatus::success);
    EXPECT_FALSE(machine->paused());
}

TEST_F(ALifecycle, TellsOfItsStateOnlyWhileThereIsOne)
{
    const auto machine = power_on(plan_of({}));
    boost::asio::io_context loop{1};
    control::Lifecycle lifecycle{loop, *machine, std::chrono::seconds{1}, "uart0=uart1"};
    lifecycle.describe("uart0=nothing");
    EXPECT_EQ(systemd.text().find("STATUS="), std::string::npos) << "not before READY";
    ASSERT_TRUE(wait_until(
        [&]
        {
            loop.poll();
            return systemd.text().find("READY=1\nSTATUS=running: uart0=nothing") !=
                   std::string::npos;
        }));
    machine->pause();
    lifecycle.tell_state();
    EXPECT_NE(systemd.text().find("\nSTATUS=paused: uart0=nothing"), std::string::npos);
    machine->resume();
    EXPECT_FALSE(lifecycle.over());
    lifecycle.reset();
    EXPECT_TRUE(lifecycle.over());
    lifecycle.describe("too late");
    EXPECT_EQ(systemd.text().find("too late"), std::string::npos);
    loop.run();
    EXPECT_EQ(lifecycle.result(), ExitStatus::reset);
}

TEST_F(ALifecycle, LetsGoOfThePowerKeyAgain)
{
    run({power_key()},
        [&]
        {
            listen_to_the_power_key();
            tell_process(SIGTERM);
            EXPECT_TRUE(wait_until([&] { return system.vm().pending(gpio_spi); }));
            EXPECT_TRUE(wait_until([&] { return !system.vm().pending(gpio_spi); }));
        });
}

TEST_F(ALifecycle, EndsByItselfWhenTheGuestIsDeaf)
{
    const auto started = std::chrono::steady_clock::now();
    EXPECT_EQ(run({power_key()}, [] { tell_process(SIGTERM); }), ExitStatus::success);
    EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::seconds{1});
}

TEST_F(ALifecycle, DoesNotWaitForAGuestThatCannotBeTold)
{
    const auto started = std::chrono::steady_clock::now();
    EXPECT_EQ(run(
                  {}, [] { tell_process(SIGTERM); }, endless),
              ExitStatus::success);
    EXPECT_LT(std::chrono::steady_clock::now() - started, endless);
}

TEST_F(ALifecycle, EndsAtOnceAtASecondSignal)
{
    const auto started = std::chrono::steady_clock::now();
    const auto status = run(
        {power_key()},
        [&]
        {
            listen_to_the_power_key();
            tell_process(SIGTERM);
            EXPECT_TRUE(wait_until([&] { return system.vm().pending(gpio_spi); }));
            tell_process(SIGTERM);
        },
        endless);
    EXPECT_EQ(status, ExitStatus::success);
    EXPECT_LT(std::chrono::steady_clock::now() - started, endless);
}

TEST_F(ALifecycle, TakesAResetWhileItIsStoppedForItsEnd)
{
    const auto status =
        run({power_key()},
            [&]
            {
                listen_to_the_power_key();
                tell_process(SIGTERM);
                EXPECT_TRUE(wait_until([&] { return system.vm().pending(gpio_spi); }));
                guest_says(kvm::SystemEvent::reset);
            });
    EXPECT_EQ(status, ExitStatus::success);
}

TEST_F(ALifecycle, PingsTheWatchdogAsOftenAsSystemdWants)
{
    ::setenv("WATCHDOG_USEC", "300000", 1);
    const auto pings = [&]
    {
        const std::string text = systemd.text();
        int count = 0;
        for (std::size_t at = 0; (at = text.find("WATCHDOG=1", at)) != std::string::npos; ++at)
            ++count;
        return count;
    };
    run({},
        [&]
        {
            EXPECT_TRUE(wait_until([&] { return pings() >= 4; }));
            guest_says(kvm::SystemEvent::power_off);
        });
    ::unsetenv("WATCHDOG_USEC");
}

} // namespace
