// SPDX-License-Identifier: Apache-2.0
// vCPUs that stand still: all of them, for as long as somebody wants it, and whatever comes
// between.
#include "tests/unit/machine/machine_bench.hpp"
#include "tests/unit/machine/space_bench.hpp"

#include <atomic>
#include <random>
#include <thread>

namespace
{

using namespace aliasvm;
using namespace aliasvm::tests;

constexpr kvm::MmioWrite some_access{{0x1234}, 4, 1};

// ---- one thread

class AVcpuThread : public testing::Test
{
protected:
    std::shared_ptr<fakes::VcpuModel> model = std::make_shared<fakes::VcpuModel>();
    fakes::FakeVcpu vcpu{model};
    SpaceBench around;
    machine::MmioBus& bus = around.bus;
    machine::Notices& notices = around.notices;
    std::optional<machine::VcpuThread> thread;

    void make() { thread.emplace(kvm::VcpuIndex{0}, vcpu, around.space, notices); }
    void start()
    {
        make();
        thread->resume();
    }
};

TEST_F(AVcpuThread, WaitsForTheWordBeforeItsFirstRun)
{
    make();
    thread->wait_until_paused();
    thread->request_pause();
    thread->wait_until_paused();
    ::poll(nullptr, 0, 20);
    EXPECT_EQ(model->runs(), 0U);
    EXPECT_FALSE(notices.running());
    thread->resume();
    EXPECT_TRUE(model->wait_idle());
    EXPECT_TRUE(notices.running());
}

TEST_F(AVcpuThread, MayEndWithoutEverHavingRun)
{
    for (int n = 0; n < 300; ++n)
    {
        make();
        thread.reset(); // joins
    }
    EXPECT_EQ(model->runs(), 0U);
    EXPECT_FALSE(notices.running());
}

TEST_F(AVcpuThread, StaysOutOfTheGuestWhileItIsPaused)
{
    start();
    ASSERT_TRUE(model->wait_idle());
    thread->request_pause();
    thread->wait_until_paused();
    const unsigned runs = model->runs();
    model->push(some_access);
    ::poll(nullptr, 0, 20);
    EXPECT_FALSE(model->in_run());
    EXPECT_EQ(model->runs(), runs);
    EXPECT_EQ(bus.unmapped_writes(), 0U);
    thread->resume();
    ASSERT_TRUE(model->wait_idle());
    EXPECT_EQ(bus.unmapped_writes(), 1U);
}

TEST_F(AVcpuThread, IsPausedOnceHoweverOftenItIsAsked)
{
    start();
    for (int n = 0; n < 3; ++n)
        thread->request_pause();
    thread->wait_until_paused();
    thread->request_pause();
    thread->wait_until_paused();
    thread->resume();
    EXPECT_TRUE(model->wait_idle());
    thread->resume();
    EXPECT_TRUE(model->wait_idle());
}

TEST_F(AVcpuThread, RunsOnWhenItIsResumedBeforeItHasPaused)
{
    start();
    for (int n = 0; n < 1000; ++n)
    {
        thread->request_pause();
        thread->resume();
    }
    EXPECT_TRUE(model->wait_idle());
}

TEST_F(AVcpuThread, IsNeverInTheGuestAfterAnyOfManyPauses)
{
    start();
    for (int n = 0; n < 2000; ++n)
    {
        model->push(some_access);
        thread->request_pause();
        thread->wait_until_paused();
        ASSERT_FALSE(model->in_run());
        thread->resume();
    }
    ASSERT_TRUE(model->wait_idle());
    EXPECT_EQ(bus.unmapped_writes(), 2000U) << "no access is lost or made twice";
}

TEST_F(AVcpuThread, CountsAsPausedWhenItHasComeToItsEnd)
{
    start();
    model->push(kvm::SystemEvent::power_off);
    for (int n = 0; n < 3; ++n)
    {
        thread->request_pause();
        thread->wait_until_paused();
        thread->resume();
        while (!notices.end())
            std::this_thread::yield();
    }
    EXPECT_EQ(notices.end()->cause, machine::EndCause::power_off);
}

TEST_F(AVcpuThread, StopsWhereverItIsInAPause)
{
    for (int n = 0; n < 300; ++n)
    {
        start();
        thread->request_pause();
        if (n % 3 == 1)
            thread->wait_until_paused();
        if (n % 3 == 2)
            thread->resume();
        thread.reset(); // joins
        EXPECT_FALSE(model->in_run());
    }
}

TEST_F(AVcpuThread, CanBePausedResumedAndStoppedByAnybodyAtAnyTime)
{
    for (unsigned round = 0; round < 50; ++round)
    {
        start();
        std::vector<std::thread> people;
        for (unsigned n = 0; n < 3; ++n)
        {
            people.emplace_back(
                [this, seed = round * 3 + n]
                {
                    std::mt19937 random{seed};
                    for (int act = 0; act < 50; ++act)
                    {
                        if (random() % 2 == 0)
                            thread->request_pause();
                        else
                            thread->resume();
                    }
                });
        }
        if (round % 2 == 1)
            thread->request_stop();
        for (std::thread& person : people)
            person.join();
        thread->request_pause();
        thread->wait_until_paused(); // hangs for ever if a pause got lost
        EXPECT_FALSE(model->in_run());
        thread.reset();
    }
}

// ---- all of a machine's

using APausedMachine = MachineBench;

TEST_F(APausedMachine, HasNoVcpuInTheGuest)
{
    const auto machine = power_on(plan_of({}, 8));
    EXPECT_FALSE(machine->paused());
    machine->pause();
    EXPECT_TRUE(machine->paused());
    for (std::uint32_t n = 0; n < 8; ++n)
    {
        EXPECT_FALSE(system.vm().vcpu(n).in_run());
        system.vm().vcpu(n).push(some_access);
    }
    machine->pause();
    ::poll(nullptr, 0, 20);
    EXPECT_EQ(machine->bus().unmapped_writes(), 0U);
    machine->resume();
    EXPECT_FALSE(machine->paused());
    for (std::uint32_t n = 0; n < 8; ++n)
        EXPECT_TRUE(system.vm().vcpu(n).wait_idle());
    EXPECT_EQ(machine->bus().unmapped_writes(), 8U);
}

TEST_F(APausedMachine, KeepsTheInterruptsOfItsDevices)
{
    const auto machine = power_on(plan_of({uart_alias(plan::Backing::instance)}));
    machine->pause();
    device().raise(0);
    machine->serve_lines();
    EXPECT_TRUE(system.vm().pending(uart_spi));
    machine->resume();
    EXPECT_TRUE(system.vm().pending(uart_spi));
}

TEST_F(APausedMachine, KeepsTheGuestsClock)
{
    const auto machine = power_on(plan_of({}, 2));
    auto& cpu = system.vm().vcpu(0);
    ASSERT_TRUE(cpu.wait_idle());
    cpu.clock = 1000;
    machine->pause();
    cpu.clock = 5000; // the host's goes on
    machine->pause();
    cpu.clock = 9000;
    machine->resume();
    EXPECT_EQ(cpu.clock_set, std::vector<std::uint64_t>{1000});
    EXPECT_TRUE(system.vm().vcpu(1).clock_set.empty()) << "there is one clock";
}

TEST_F(APausedMachine, LetsTheGuestsClockRunIfThatIsWanted)
{
    const auto machine = power_on(plan_of({}));
    auto& cpu = system.vm().vcpu(0);
    ASSERT_TRUE(cpu.wait_idle());
    machine->pause(GuestClock::runs);
    machine->resume();
    EXPECT_TRUE(cpu.clock_set.empty());
}

TEST_F(APausedMachine, MayHaveVcpusThatAreOver)
{
    const auto machine = power_on(plan_of({}, 4));
    system.vm().vcpu(2).push(kvm::SystemEvent::reset);
    ASSERT_TRUE(wait_until([&] { return machine->notices().end().has_value(); }));
    machine->pause();
    machine->resume();
    machine->pause();
    EXPECT_TRUE(machine->paused());
}

TEST_F(APausedMachine, CanBePoweredOff)
{
    for (int n = 0; n < 50; ++n)
    {
        const auto machine = power_on(plan_of({uart_alias(plan::Backing::instance)}, 4));
        machine->pause();
    }
    EXPECT_TRUE(system.vm().destroyed());
    EXPECT_FALSE(device().opened());
}

} // namespace
