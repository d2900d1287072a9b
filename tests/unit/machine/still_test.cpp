// SPDX-License-Identifier: Apache-2.0
// Exits that wait until no vCPU is in the guest, whatever comes between.
#include "tests/unit/machine/machine_bench.hpp"

#include <cstring>

namespace
{

using namespace aliasvm;
using namespace aliasvm::tests;

constexpr std::uint32_t store_w2_post = 0xb800'4402;
constexpr std::uint64_t gicd_ipriorityr = 0xf901'0400;

/// Two vCPUs at a loop of post-index stores to the distributor.
class AMachineWithExitsToFinish : public MachineBench
{
protected:
    void power_on_with_stores()
    {
        machine = construct(plan_of({}, 2));
        const auto ram = system.vm().slots().begin()->second;
        for (unsigned n = 0; n < 16; ++n)
            std::memcpy(ram.host + 0x1000 + 4 * n, &store_w2_post, sizeof store_w2_post);
        for (const std::uint32_t index : {0U, 1U})
        {
            auto& registers = system.vm().vcpu(index).registers;
            registers.pc = 0x1000;
            registers.x[0] = gicd_ipriorityr + 0x100 * index;
            registers.x[2] = 0xa0 + index;
        }
        machine->power_on();
    }

    void store(std::uint32_t index, std::uint64_t nth = 0)
    {
        system.vm().vcpu(index).push(
            kvm::UndescribedAccess{{gicd_ipriorityr + 0x100 * index + 4 * nth}, true});
    }

    /// It has come out of the guest with what was pushed.
    bool waits(std::uint32_t index)
    {
        auto& vcpu = system.vm().vcpu(index);
        return wait_until([&vcpu] { return !vcpu.in_run() && vcpu.empty(); });
    }

    std::uint32_t stored(std::uint32_t index, std::uint32_t nth = 0)
    {
        return system.vm().distributor[{{index}, {0x400 + 0x100 * index + 4 * nth}}];
    }

    std::unique_ptr<machine::Machine> machine;
};

TEST_F(AMachineWithExitsToFinish, FinishesAnAccessToTheDistributorWhileNobodyIsInTheGuest)
{
    power_on_with_stores();
    ASSERT_TRUE(system.vm().vcpu(1).wait_idle());
    store(0);
    ASSERT_TRUE(wait_until([this] { return machine->notices().event().drain(); }));
    ASSERT_TRUE(waits(0));
    EXPECT_EQ(stored(0), 0U);
    EXPECT_TRUE(system.vm().vcpu(1).in_run()) << "others are left alone until then";

    machine->finish_exits();
    EXPECT_TRUE(system.vm().vcpu(0).wait_idle());
    EXPECT_EQ(stored(0), 0xa0U);
    EXPECT_EQ(system.vm().vcpu(0).registers.pc, 0x1004U);
    EXPECT_EQ(system.vm().distributor_refusals(), 0U);
    EXPECT_TRUE(system.vm().vcpu(1).wait_idle());
}

TEST_F(AMachineWithExitsToFinish, KeepsAVcpuThatWaitsOutOfTheGuestWhoeverResumes)
{
    power_on_with_stores();
    store(0);
    ASSERT_TRUE(waits(0));
    machine->pause();
    machine->resume();
    machine->pause();
    machine->resume();
    ::poll(nullptr, 0, 20);
    EXPECT_FALSE(system.vm().vcpu(0).in_run());
    ASSERT_TRUE(wait_until([this] { return machine->notices().event().drain(); }));
    machine->finish_exits();
    EXPECT_TRUE(system.vm().vcpu(0).wait_idle());
    EXPECT_EQ(stored(0), 0xa0U);
}

TEST_F(AMachineWithExitsToFinish, FinishesAnAccessWhileItIsPausedAndStaysSo)
{
    power_on_with_stores();
    store(0);
    ASSERT_TRUE(waits(0));
    ASSERT_TRUE(wait_until([this] { return machine->notices().event().drain(); }));
    machine->pause();
    machine->finish_exits();
    EXPECT_EQ(stored(0), 0xa0U);
    ::poll(nullptr, 0, 20);
    EXPECT_FALSE(system.vm().vcpu(0).in_run());
    machine->resume();
    EXPECT_TRUE(system.vm().vcpu(0).wait_idle());
}

TEST_F(AMachineWithExitsToFinish, FinishesThoseOfAllItsVcpusNoneTwice)
{
    power_on_with_stores();
    constexpr unsigned count = 16;
    for (unsigned nth = 0; nth < count; ++nth)
    {
        store(0, nth);
        store(1, nth);
    }
    const auto done = [this](std::uint32_t index)
    { return system.vm().vcpu(index).registers.pc == 0x1000 + 4 * count; };
    ASSERT_TRUE(wait_until(
        [&]
        {
            machine->finish_exits();
            machine->pause();
            const bool both = done(0) && done(1);
            machine->resume();
            return both;
        }));
    EXPECT_EQ(stored(0, count - 1), 0xa0U);
    EXPECT_EQ(stored(1, count - 1), 0xa1U);
    EXPECT_EQ(system.vm().distributor_refusals(), 0U);
}

TEST_F(AMachineWithExitsToFinish, CanBePoweredOffWhileAVcpuWaits)
{
    power_on_with_stores();
    store(0);
    ASSERT_TRUE(waits(0));
    machine.reset();
    EXPECT_EQ(system.vm().distributor_refusals(), 0U);
}

} // namespace
