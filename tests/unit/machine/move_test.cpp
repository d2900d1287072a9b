// SPDX-License-Identifier: Apache-2.0
// A device that moves between two running machines, with every interrupt.
#include "tests/unit/machine/rebind_bench.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <thread>

namespace
{

using namespace aliasvm;
using namespace aliasvm::tests;

class AMoveBetweenMachines : public RebindBench
{
protected:
    AMoveBetweenMachines()
    {
        machines[0] = power_on(plan_of({uart()}));
        machines[1] = power_on(plan_of({empty_uart()}));
    }
    ~AMoveBetweenMachines() override
    {
        machines = {};
        EXPECT_FALSE(device().opened());
    }

    void move(std::size_t from, std::size_t to)
    {
        machines[from]->detach("uart0");
        EXPECT_EQ(vm(from).slots().size(), 1U);
        EXPECT_EQ(vm(from).irqfd_count(), 0U);
        EXPECT_FALSE(device().opened());
        EXPECT_FALSE(vm(from).pending(uart_spi));
        machines[to]->attach(uart(), quiesce::Settings::at_rest, host);
    }

    fakes::VmModel& vm(std::size_t n) { return *system.vms.at(n); }

    std::array<std::unique_ptr<machine::Machine>, 2> machines;
};

TEST_F(AMoveBetweenMachines, BringsEachInterruptToTheOwnerAlone)
{
    unsigned fired = 0;
    for (std::size_t round = 0; round < 10; ++round)
    {
        const std::size_t owner = round % 2;
        for (int n = 0; n < 20; ++n)
        {
            device().raise(0);
            machines[owner]->serve_lines();
            EXPECT_TRUE(vm(owner).pending(uart_spi));
            EXPECT_FALSE(vm(1 - owner).pending(uart_spi));
            device().lower(0);
            EXPECT_TRUE(vm(owner).acknowledge(uart_spi));
            machines[owner]->serve_lines();
            EXPECT_EQ(device().fired(0), ++fired);
        }
        move(owner, 1 - owner);
    }
}

TEST_F(AMoveBetweenMachines, TakesAnUnservedInterruptAlong)
{
    device().raise(0);
    machines[0]->serve_lines();
    EXPECT_TRUE(vm(0).pending(uart_spi));
    move(0, 1);
    EXPECT_FALSE(vm(0).pending(uart_spi)) << "the old owner sees nothing of it any more";
    machines[1]->serve_lines();
    EXPECT_TRUE(vm(1).pending(uart_spi)) << "the device still wants something";
}

TEST_F(AMoveBetweenMachines, IsNotDisturbedByTraffic)
{
    // A device that never rests and two guests that serve what they get, beside 100 moves.
    std::atomic<bool> over{};
    std::array<std::atomic<unsigned>, 2> served{};
    std::thread wire{[&]
                     {
                         while (!over)
                         {
                             device().raise(0);
                             std::this_thread::yield();
                         }
                     }};
    std::vector<std::thread> guests;
    for (std::size_t n = 0; n < 2; ++n)
    {
        guests.emplace_back(
            [&, n]
            {
                while (!over)
                {
                    if (vm(n).pending(uart_spi))
                    {
                        device().lower(0);
                        if (vm(n).acknowledge(uart_spi))
                            ++served[n];
                        device().settle();
                    }
                    std::this_thread::yield();
                }
            });
    }
    for (std::size_t round = 0; round < 100; ++round)
    {
        const std::size_t owner = round % 2;
        const unsigned before = served[owner];
        EXPECT_TRUE(wait_until(
            [&]
            {
                machines[owner]->serve_lines();
                return served[owner] > before;
            }))
            << "no interrupt in round " << round;
        machines[owner]->detach("uart0");
        const unsigned last = served[owner];
        machines[1 - owner]->attach(uart(), quiesce::Settings::at_rest, host);
        EXPECT_LE(served[owner], last + 1) << "what it took before it was taken away, at the most";
    }
    over = true;
    wire.join();
    for (std::thread& guest : guests)
        guest.join();
    EXPECT_LE(served[0] + served[1], device().fired(0)) << "none twice, and none invented";
}

} // namespace
