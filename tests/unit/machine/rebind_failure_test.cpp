// SPDX-License-Identifier: Apache-2.0
// Re-binding that fails: at every call that can, in both directions, it leaves all as it was.
#include "tests/unit/machine/rebind_bench.hpp"

#include <cerrno>

#include <gmock/gmock.h>

namespace
{

using namespace aliasvm;
using namespace aliasvm::tests;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using ARebinding = RebindBench;

TEST_F(ARebinding, ThatFailsAnywhereOnTheWayOutLeavesTheDeviceAtWork)
{
    const auto machine = power_on(plan_of({gem_alias("gem0", 0xff0b'0000, gem1)}));
    auto& vm = system.vm();
    auto& gem = host.device(gem1);
    const State before = state(*machine, vm, gem, 2);
    watch(vm, gem);
    std::vector<std::string> failed;
    for (unsigned n = 0;; ++n)
    {
        ASSERT_LT(n, 100U);
        std::string told;
        nth.fail(n, EIO);
        const int error = error_of([&] { machine->detach("gem0"); }, &told);
        const std::string call = nth.done();
        if (call.empty())
        {
            EXPECT_EQ(error, 0);
            break;
        }
        failed.push_back(call);
        EXPECT_EQ(error, EIO) << call;
        EXPECT_THAT(told, AllOf(HasSubstr("take inst ff0c0000.ethernet from behind gem0: "),
                                HasSubstr(call), testing::EndsWith(": Input/output error")));
        ASSERT_TRUE(state(*machine, vm, gem, 2) == before) << call;
        expect_served(*machine, gem, vm, gem_spi);
        gem.raise(1);
        EXPECT_TRUE(vm.acknowledge(gem_edge_spi)) << call;
        ASSERT_TRUE(vm.vcpu(0).wait_idle()) << "the vCPU runs on after " << call;
    }
    EXPECT_THAT(failed, ElementsAre("mask 0", "clear_signal 0", "clear_signal 1", "clear_unmask 0",
                                    "remove_irqfd 57", "remove_irqfd 58", "remove_slot 1",
                                    "remove_slot 2", "unmap_memory"));
    EXPECT_FALSE(gem.opened());
    EXPECT_THAT(gem.dma, IsEmpty());
}

TEST_F(ARebinding, ThatFailsAnywhereOnTheWayInLeavesTheAliasEmpty)
{
    const auto machine = power_on(plan_of({gem_alias("gem0", 0xff0b'0000)}));
    auto& vm = system.vm();
    auto& gem = host.device(gem1);
    const State before = state(*machine, vm, gem, 2);
    watch(vm, gem);
    const auto wanted = gem_alias("gem0", 0xff0b'0000, gem1);
    std::vector<std::string> failed;
    for (unsigned n = 0;; ++n)
    {
        ASSERT_LT(n, 100U);
        std::string told;
        nth.fail(n, EIO);
        const int error = error_of([&] { machine->attach(wanted, at_rest, host); }, &told);
        const std::string call = nth.done();
        if (call.empty())
        {
            EXPECT_EQ(error, 0);
            break;
        }
        failed.push_back(call);
        EXPECT_EQ(error, EIO) << call;
        EXPECT_THAT(told, AllOf(HasSubstr("put inst ff0c0000.ethernet behind gem0: "),
                                HasSubstr(call), testing::EndsWith(": Input/output error")));
        ASSERT_TRUE(state(*machine, vm, gem, 2) == before) << call;
        EXPECT_FALSE(vm.pending(gem_spi));
        ASSERT_TRUE(vm.vcpu(0).wait_idle()) << "the vCPU runs on after " << call;
    }
    EXPECT_THAT(failed, ElementsAre("open ff0c0000.ethernet", "region 0", "map 0", "region 1",
                                    "map 1", "irq 0", "irq 1", "map_memory", "mask 0",
                                    "add_irqfd 57", "add_irqfd 58", "set_slot 1", "set_slot 2",
                                    "set_signal 0", "unmask 0", "set_signal 1"));
    expect_served(*machine, gem, vm, gem_spi);
    EXPECT_EQ(vm.dangling_slots(), 0U);
}

TEST_F(ARebinding, CanBeTriedAgainWhenItCouldNotBeUndoneEither)
{
    const auto machine = power_on(plan_of({gem_alias("gem0", 0xff0b'0000, gem1)}));
    auto& vm = system.vm();
    using Call = fakes::VmModel::Call;
    vm.fail(Call::remove_slot, EIO, 1);
    vm.fail(Call::set_slot, ENOMEM);  // the window that was removed
    vm.fail(Call::add_irqfd, ENOMEM); // the first line
    EXPECT_EQ(error_of([&] { machine->detach("gem0"); }), EIO) << "the first failure is told";
    machine->detach("gem0");
    EXPECT_EQ(vm.slots().size(), 1U);
    EXPECT_EQ(vm.irqfd_count(), 0U);
    EXPECT_FALSE(host.device(gem1).opened());
    machine->attach(gem_alias("gem0", 0xff0b'0000, gem1), at_rest, host);
    expect_served(*machine, host.device(gem1), vm, gem_spi);
}

} // namespace
