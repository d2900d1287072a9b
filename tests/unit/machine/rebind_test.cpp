// SPDX-License-Identifier: Apache-2.0
// Re-binding of one running machine: what the guest sees, in which order, and what is refused.
#include "common/plan/alias_planner.hpp"
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
using testing::IsSupersetOf;

using ARebinding = RebindBench;

// ---- one machine

TEST_F(ARebinding, ChangesWhatStandsBehindAnAliasAndNotWhatItIsToTheGuest)
{
    auto first = uart();
    first.node = "/axi/the-first";
    first.compatible = {"what", "it is"};
    first.windows.front().host = HostRange{{0xff01'0000}, 0x1000};
    first.lines.front().host = Spi::from_dt_cell(22);
    const auto machine = power_on(plan_of({first, power_key()}));
    EXPECT_THAT(machine->aliases(), ElementsAre(testing::Field(&plan::AliasPlan::name, "uart0"),
                                                testing::Field(&plan::AliasPlan::name, "gpio")));
    machine->detach("uart0");
    const auto empty = machine->aliases().at(0);
    EXPECT_EQ(empty.backing, plan::Backing::none);
    EXPECT_EQ(empty.instance + empty.sysname, "");
    EXPECT_THAT(empty.compatible, IsEmpty());
    EXPECT_FALSE(empty.windows.front().host || empty.lines.front().host);
    EXPECT_TRUE(plan::same_to_guest(empty, first));
    EXPECT_EQ(empty.node, "/axi/the-first");

    auto second = first;
    second.node = "/axi/the-second";
    second.instance = "another";
    second.lines.front().trigger = Trigger::edge; // its catalogue may say so; the guest heard level
    machine->attach(second, at_rest, host);
    const auto now = machine->aliases().at(0);
    EXPECT_EQ(now.instance, "another");
    EXPECT_EQ(now.node, "/axi/the-first");
    EXPECT_EQ(now.lines.front().trigger, Trigger::level);
}

TEST_F(ARebinding, TakesAnInstanceOutOfTheGuestAndClosesIt)
{
    const auto machine = power_on(plan_of({uart()}));
    EXPECT_THAT(machine->holdings(), ElementsAre(Holding{"uart0", "uart1"}));
    device().raise(0);
    machine->serve_lines();
    EXPECT_TRUE(system.vm().pending(uart_spi));
    EXPECT_GT(machine->detach("uart0").count(), 0);

    EXPECT_FALSE(system.vm().pending(uart_spi)) << "the guest's line is low";
    EXPECT_EQ(system.vm().irqfd_count(), 0U);
    EXPECT_EQ(system.vm().slots().size(), 1U) << "RAM alone";
    EXPECT_EQ(system.vm().dangling_slots(), 0U);
    EXPECT_FALSE(device().opened());
    EXPECT_THAT(machine->holdings(), IsEmpty());
    auto& cpu = system.vm().vcpu(0);
    cpu.push(kvm::MmioRead{{0xff00'002c}, 4, nullptr});
    cpu.push(kvm::MmioWrite{{0xff00'0030}, 4, 'x'});
    ASSERT_TRUE(cpu.wait_idle());
    EXPECT_THAT(cpu.answers(), ElementsAre(0U));
}

TEST_F(ARebinding, PutsAnInstanceBehindAnEmptyAlias)
{
    const auto machine = power_on(plan_of({empty_uart()}));
    EXPECT_THAT(machine->holdings(), IsEmpty());
    device().raise(0);
    EXPECT_GT(machine->attach(uart(), at_rest, host).count(), 0);

    EXPECT_THAT(machine->holdings(), ElementsAre(Holding{"uart0", "uart1"}));
    EXPECT_EQ(machine->aliases().at(0).sysname, uart().sysname);
    machine->serve_lines();
    EXPECT_TRUE(system.vm().pending(uart_spi)) << "it was wanted before anybody listened";
    device().lower(0);
    EXPECT_TRUE(system.vm().acknowledge(uart_spi));
    machine->serve_lines();
    expect_served(*machine, device(), system.vm(), uart_spi);
    const auto slots = system.vm().slots();
    ASSERT_EQ(slots.size(), 2U);
    device().registers(0)[0x2c] = std::byte{0x5a};
    EXPECT_EQ(slots.rbegin()->second.guest, uart_window);
    EXPECT_EQ(slots.rbegin()->second.host[0x2c], std::byte{0x5a});
}

TEST_F(ARebinding, StandsStillOnlyForTheSlots)
{
    const auto machine = power_on(plan_of({uart()}));
    auto& vm = system.vm();
    auto& cpu = vm.vcpu(0);
    ASSERT_TRUE(cpu.wait_idle());
    expect_served(*machine, device(), vm, uart_spi); // by the kernel from now on
    std::vector<std::string> still;
    std::vector<std::string> running;
    const auto note = [&](const std::string& call)
    { (cpu.in_run() ? running : still).push_back(call); };
    vm.on_call = note;
    device().on_call = note;
    machine->detach("uart0");
    EXPECT_THAT(still, testing::Contains("remove_slot 1"));
    EXPECT_THAT(running, testing::IsSupersetOf(
                             {"mask 0", "clear_signal 0", "clear_unmask 0", "remove_irqfd 21"}));
    ASSERT_TRUE(cpu.wait_idle());
    still.clear();
    running.clear();
    machine->attach(uart(), at_rest, host);
    EXPECT_THAT(still, testing::Contains("set_slot 1"));
    EXPECT_THAT(running, IsSupersetOf({"open ff010000.serial", "map 0", "mask 0", "add_irqfd 21"}));
    vm.on_call = nullptr;
    device().on_call = nullptr;
}

TEST_F(ARebinding, ThatCannotGoLiveTakesItsLinesAndThenItsWindowsBack)
{
    const auto machine = power_on(plan_of({empty_uart()}));
    auto& vm = system.vm();
    auto& cpu = vm.vcpu(0);
    std::vector<std::string> calls;
    const auto note = [&](const std::string& call)
    { calls.push_back(call + (cpu.in_run() ? "" : " in standstill")); };
    device().fail(fakes::DeviceModel::Call::unmask, EIO);
    ASSERT_TRUE(cpu.wait_idle());
    vm.on_call = note;
    EXPECT_THROW(machine->attach(uart(), at_rest, host), Error);
    EXPECT_THAT(calls, ElementsAre("add_irqfd 21", "set_slot 1 in standstill", testing::_,
                                   "remove_slot 1 in standstill"));
    EXPECT_THAT(calls.at(2), testing::StartsWith("remove_irqfd 21"));
    vm.on_call = nullptr;
}

TEST_F(ARebinding, TakesItsStepsInTheOneOrderThatIsSafe)
{
    const auto machine = power_on(plan_of({gem_alias("gem0", 0xff0b'0000, gem1)}));
    auto& vm = system.vm();
    expect_served(*machine, host.device(gem1), vm, gem_spi); // by the kernel from now on
    std::vector<std::string> calls;
    const auto note = [&](const std::string& call) { calls.push_back(call); };
    vm.on_call = note;
    host.device(gem1).on_call = note;
    machine->detach("gem0");
    EXPECT_THAT(calls, ElementsAre("mask 0", "clear_signal 0", "clear_signal 1", "clear_unmask 0",
                                   "remove_irqfd 57", "remove_irqfd 58", "remove_slot 1",
                                   "remove_slot 2", "unmap_memory", "close"));
    calls.clear();
    machine->attach(gem_alias("gem0", 0xff0b'0000, gem1), at_rest, host);
    EXPECT_THAT(calls, ElementsAre("open ff0c0000.ethernet", "map 0", "map 1", "map_memory",
                                   "mask 0", "add_irqfd 57", "add_irqfd 58", "set_slot 1",
                                   "set_slot 2", "set_signal 0", "unmask 0", "set_signal 1"))
        << "and nothing of the guest's GICD_ICFGR";
    vm.on_call = nullptr;
    host.device(gem1).on_call = nullptr;
}

TEST_F(ARebinding, LeavesAPausedMachinePaused)
{
    const auto machine = power_on(plan_of({uart()}, 2));
    machine->pause();
    EXPECT_EQ(machine->detach("uart0").count(), 0) << "they stood still already";
    EXPECT_TRUE(machine->paused());
    EXPECT_EQ(machine->attach(uart(), at_rest, host).count(), 0);
    EXPECT_TRUE(machine->paused());
    EXPECT_FALSE(system.vm().vcpu(0).in_run());
    machine->resume();
    EXPECT_TRUE(system.vm().vcpu(0).wait_idle());
    EXPECT_TRUE(system.vm().vcpu(1).wait_idle());
    machine->detach("uart0");
    EXPECT_FALSE(machine->paused());
}

TEST_F(ARebinding, PresetsTheLinesOfAnEmptyAliasAtPowerOn)
{
    // The guest may never write ICFGR, and later KVM answers EBUSY.
    auto edge = gem_alias("gem0", 0xff0b'0000);
    const auto machine = power_on(plan_of({empty_uart(), edge}));
    EXPECT_EQ(system.vm().trigger_of(uart_spi), Trigger::level);
    EXPECT_EQ(system.vm().trigger_of(gem_spi), Trigger::level);
    EXPECT_EQ(system.vm().trigger_of(gem_edge_spi), Trigger::edge);
}

TEST_F(ARebinding, NeedsNoMoreSlotsForTenThousandMovesThanForOne)
{
    const auto machine = power_on(plan_of({uart(), gem_alias("gem0", 0xff0b'0000)}));
    machine->attach(gem_alias("gem0", 0xff0b'0000, gem1), at_rest, host);
    const auto before = system.vm().slots();
    machine->pause(); // for speed
    for (int n = 0; n < 5000; ++n)
    {
        machine->detach("gem0");
        machine->detach("uart0");
        machine->attach(uart(), at_rest, host);
        machine->attach(gem_alias("gem0", 0xff0b'0000, n % 2 == 0 ? gem2 : gem1), at_rest, host);
    }
    const auto after = system.vm().slots();
    ASSERT_EQ(after.size(), before.size());
    for (const auto& [id, slot] : after)
        EXPECT_EQ(slot.guest, before.at(id).guest);
    EXPECT_EQ(system.vm().irqfd_count(), 3U);
}

// ---- what is refused

TEST_F(ARebinding, SaysWhatCannotBeTakenAway)
{
    const auto machine = power_on(plan_of({empty_uart(), power_key()}));
    std::string told;
    EXPECT_EQ(error_of([&] { machine->detach("uart0"); }, &told), ENOENT);
    EXPECT_THAT(told, HasSubstr("uart0, which is empty"));
    EXPECT_EQ(error_of([&] { machine->detach("uart9"); }, &told), ENOENT);
    EXPECT_THAT(told, HasSubstr("uart9, which this machine does not have"));
    EXPECT_EQ(error_of([&] { machine->detach("gpio"); }), EINVAL);
}

TEST_F(ARebinding, SaysWhereNothingCanBePut)
{
    const auto machine = power_on(plan_of({uart(), power_key()}));
    std::string told;
    auto second = uart();
    second.instance = "uart0";
    EXPECT_EQ(error_of([&] { machine->attach(second, at_rest, host); }, &told), EBUSY);
    EXPECT_THAT(told, HasSubstr("put uart0 behind uart0, where uart1 is"));
    auto key = power_key();
    key.backing = plan::Backing::instance;
    EXPECT_EQ(error_of([&] { machine->attach(key, at_rest, host); }, &told), EBUSY);
    EXPECT_THAT(told, HasSubstr("an emulated device"));
    auto unknown = uart();
    unknown.name = "uart9";
    EXPECT_EQ(error_of([&] { machine->attach(unknown, at_rest, host); }), ENOENT);
}

TEST_F(ARebinding, RefusesAPlanOfAnotherAlias)
{
    const auto machine = power_on(plan_of({empty_uart()}));
    auto elsewhere = uart();
    elsewhere.windows.front().guest.base.value += 0x1'0000;
    auto other_line = uart();
    other_line.lines.front().guest = gem_spi;
    auto no_line = uart();
    no_line.lines.clear();
    for (const auto& wrong : {elsewhere, other_line, no_line, empty_uart()})
        EXPECT_EQ(error_of([&] { machine->attach(wrong, at_rest, host); }), EINVAL);
    EXPECT_FALSE(device().opened());
    EXPECT_EQ(machine->attach(uart(), at_rest, host).count() > 0, true);
}

TEST_F(ARebinding, RefusesAnInstanceThatSignalsInAnotherWay)
{
    host.add("ff020000.odd", {{page_size, true}}, {{.automasked = false}});
    const auto machine = power_on(plan_of({empty_uart()}));
    auto odd = uart();
    odd.sysname = "ff020000.odd";
    std::string told;
    EXPECT_EQ(error_of([&] { machine->attach(odd, at_rest, host); }, &told), EINVAL);
    EXPECT_THAT(told, AllOf(HasSubstr("interrupt 0 of it is edge"),
                            HasSubstr("SPI 21 (INTID 53) is level")));
    EXPECT_FALSE(host.device("ff020000.odd").opened());
    machine->attach(uart(), at_rest, host);
}

TEST_F(ARebinding, RefusesSuchAnInstanceAtPowerOnInTheSameWords)
{
    host.add("ff020000.odd", {{page_size, true}}, {{.automasked = false}});
    auto odd = uart();
    odd.sysname = "ff020000.odd";
    std::string told;
    EXPECT_EQ(error_of([&] { power_on(plan_of({odd})); }, &told), EINVAL);
    EXPECT_THAT(told,
                HasSubstr("put uart1 behind uart0: match its interrupts: interrupt 0 of it is "
                          "edge, but guest SPI 21 (INTID 53) is level"));
    EXPECT_FALSE(host.device("ff020000.odd").opened());

    odd.lines.front().trigger = Trigger::edge;
    power_on(plan_of({odd}));
    EXPECT_EQ(system.vm().trigger_of(uart_spi), Trigger::edge);
}

} // namespace
