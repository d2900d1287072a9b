// SPDX-License-Identifier: Apache-2.0
// Rates from counters, and how often top looks at them.
#include "fake_daemon.hpp"
#include "run_cli.hpp"

#include "tests/fakes/private_bus.hpp"

#include "cli/rates.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::cli
{
namespace
{

using namespace std::chrono_literals;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(Rates, AreWhatWasAddedPerSecond)
{
    Inventory before = sample_inventory();
    before.machines[0].statistics["refused_accesses"] = 2;
    Inventory after = before;
    after.machines[0].statistics = {{"exits", 5100},
                                    {"mmio_exit_user", 12},
                                    {"mmio_exit_kernel", 400},
                                    {"refused_accesses", 6}};
    after.devices[0].interrupts = 30;
    const Rates rates = rates_between(before, after, 2s);
    ASSERT_EQ(rates.machines.size(), 2U); // inactive and failed ones have none
    EXPECT_EQ(rates.machines[0].name, "left");
    EXPECT_DOUBLE_EQ(rates.machines[0].exits, 50);
    EXPECT_DOUBLE_EQ(rates.machines[0].mmio_user, 1);
    EXPECT_DOUBLE_EQ(rates.machines[0].mmio_kernel, 0);
    EXPECT_DOUBLE_EQ(rates.machines[0].refused, 2);
    ASSERT_EQ(rates.devices.size(), 3U); // those that a VM has
    EXPECT_EQ(rates.devices[0].name, "uart1");
    EXPECT_DOUBLE_EQ(rates.devices[0].interrupts, 15);
}

TEST(Rates, ACounterThatBeganAnewCountsFromZero)
{
    const Inventory before = sample_inventory();
    Inventory after = before;
    after.machines[0].statistics["exits"] = 20; // it was reset, and 5000 before
    EXPECT_DOUBLE_EQ(rates_between(before, after, 1s).machines[0].exits, 20);
}

TEST(Rates, WhatIsNewHasNoRateYet)
{
    Inventory before = sample_inventory();
    const Inventory after = before;
    before.machines.clear();
    before.devices.clear();
    const Rates rates = rates_between(before, after, 1s);
    EXPECT_DOUBLE_EQ(rates.machines[0].exits, 0);
    EXPECT_DOUBLE_EQ(rates.devices[0].interrupts, 0);
}

class TopCommand : public testing::Test
{
protected:
    Outcome run(std::vector<std::string> more)
    {
        daemon_.busy_step = 1000;
        daemon_.serve();
        std::vector<std::string> line{"--bus", bus_.address(), "top", "-d", "0.05"};
        line.insert(line.end(), more.begin(), more.end());
        return run_cli(line);
    }

    fakes::PrivateBus bus_;
    FakeDaemon daemon_{bus_.address()};
};

TEST_F(TopCommand, OnceIsOneSampleInPlainLines)
{
    const Outcome outcome = run({"--once"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out,
                ContainsRegex("^VM +STATE +EXITS/S +MMIO/S +VGIC/S +WFI/S +REFUSED/S\n"));
    EXPECT_THAT(outcome.out, ContainsRegex("\nright +running +[1-9][0-9]+\\.[0-9] "));
    EXPECT_THAT(outcome.out, ContainsRegex("\nuart1 +right +uart0 +[1-9][0-9]+\\.[0-9]\n"));
    EXPECT_THAT(outcome.out, Not(HasSubstr("\033")));
    EXPECT_THAT(outcome.out, Not(HasSubstr("broken")));
}

TEST_F(TopCommand, EndsAfterAsManySamplesAsAsked)
{
    const Outcome outcome = run({"-n", "3", "--json"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 3);
    EXPECT_THAT(outcome.out,
                HasSubstr(R"({"machines":[{"name":"left","state":"running","exits":)"));
    EXPECT_THAT(outcome.out,
                HasSubstr(R"({"name":"uart1","machine":"right","alias":"uart0","interrupts":)"));
}

TEST_F(TopCommand, ADaemonThatIsNotThereEndsIt)
{
    const fakes::PrivateBus empty;
    EXPECT_EQ(run_cli({"--bus", empty.address(), "top"}).status, 1);
}

} // namespace
} // namespace aliasvm::cli
