// SPDX-License-Identifier: Apache-2.0
// Machine over the fakes: power-on, running, power-off, and that nothing is left behind.
#include "common/base/error.hpp"
#include "common/stats/own_counts.hpp"
#include "common/stats/statistics.hpp"
#include "tests/unit/machine/machine_bench.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace
{

using namespace aliasvm;
using namespace aliasvm::tests;
using machine::EndCause;

using AMachine = MachineBench;

TEST_F(AMachine, StartsVcpu0AtTheEntryWithTheDeviceTreeInX0)
{
    const auto machine = power_on(plan_of({}));
    EXPECT_EQ(system.vm().vcpu(0).entry(), GuestAddr{0x1000});
    EXPECT_EQ(system.vm().vcpu(0).x0(), 3 * mebibyte);
    ASSERT_TRUE(wait_until([&] { return machine->notices().running(); }));
    const auto slot = system.vm().slots().at(0);
    EXPECT_EQ(std::memcmp(slot.host + 0x1000, "kernel", 6), 0);
    EXPECT_EQ(std::memcmp(slot.host + 3 * mebibyte, dtb.data(), dtb.size()), 0);
}

TEST_F(AMachine, IsThereAndStandsStillUntilItIsPoweredOn)
{
    device().raise(0);
    const auto machine = construct(plan_of({uart_alias(plan::Backing::instance)}, 4));
    auto& vm = system.vm();
    EXPECT_EQ(vm.vcpu(0).entry(), GuestAddr{0x1000});
    EXPECT_EQ(vm.slots().at(1).guest, uart_window);
    EXPECT_EQ(vm.irqfd_count(), 1U);
    ::poll(nullptr, 0, 20);
    for (std::uint32_t n = 0; n < 4; ++n)
        EXPECT_EQ(vm.vcpu(n).runs(), 0U);
    EXPECT_FALSE(machine->notices().running());
    EXPECT_FALSE(device().has_signal(0));
    EXPECT_FALSE(vm.pending(uart_spi));

    machine->power_on();
    machine->serve_lines();
    EXPECT_TRUE(vm.pending(uart_spi));
    for (std::uint32_t n = 0; n < 4; ++n)
        EXPECT_TRUE(vm.vcpu(n).wait_idle());
    EXPECT_TRUE(machine->notices().running());
}

TEST_F(AMachine, ConnectsThePmuOfEachVcpuBeforeItRuns)
{
    const auto machine = construct(plan_of({}, 4));
    for (std::uint32_t n = 0; n < 4; ++n)
        EXPECT_TRUE(system.vm().vcpu(n).pmu_connected());
    machine->power_on();
    EXPECT_TRUE(system.vm().vcpu(0).wait_idle());
}

TEST_F(AMachine, RunsOnAHostWithoutAPmu)
{
    system.pmu = false;
    const auto machine = power_on(plan_of({}, 2));
    EXPECT_FALSE(system.vm().vcpu(1).pmu_connected());
    EXPECT_TRUE(system.vm().vcpu(0).wait_idle());
}

TEST_F(AMachine, LeavesNothingBehindIfItNeverRan)
{
    for (int n = 0; n < 50; ++n)
        construct(plan_of({uart_alias(plan::Backing::instance), power_key()}, 8)).reset();
    for (const auto& vm : system.vms)
    {
        EXPECT_TRUE(vm->destroyed());
        EXPECT_EQ(vm->irqfd_count(), 0U);
        EXPECT_TRUE(vm->slots().empty());
        for (std::uint32_t n = 0; n < 8; ++n)
            EXPECT_EQ(vm->vcpu(n).runs(), 0U);
    }
    EXPECT_FALSE(device().opened());
    EXPECT_FALSE(device().resamples(0));
}

TEST_F(AMachine, RunsNothingOfTheGuestIfALineCannotGoLive)
{
    using DeviceCall = fakes::DeviceModel::Call;
    for (const auto call : {DeviceCall::set_signal, DeviceCall::unmask})
    {
        auto machine = construct(plan_of({uart_alias(plan::Backing::instance)}, 2));
        device().fail(call, EIO);
        EXPECT_THROW(machine->power_on(), Error) << static_cast<int>(call);
        ::poll(nullptr, 0, 20);
        machine.reset();
        for (std::uint32_t n = 0; n < 2; ++n)
            EXPECT_EQ(system.vm().vcpu(n).runs(), 0U);
        EXPECT_FALSE(device().has_signal(0));
    }
}

TEST_F(AMachine, HasOnChipMemoryOfItsOwnIfThePlanSays)
{
    auto plan = plan_of({uart_alias(plan::Backing::instance)});
    plan.aliases[0].windows[0].host = HostRange{{0xff01'0000}, 0x1000};
    plan.ocm = plan::Bank{{{0xfffc'0000}, 0x4'0000}, true, {}};
    plan.kernel.segments.push_back({{{0xfffc'1000}, 0x100}, 1, 5});
    const auto machine = power_on(plan);
    const auto slots = system.vm().slots();
    ASSERT_EQ(slots.size(), 3U) << "RAM, on-chip memory, the alias's window";
    EXPECT_EQ(slots.at(1).guest, plan.ocm->range);
    EXPECT_EQ(std::memcmp(slots.at(1).host + 0x1000, "ernel\0", 6), 0);
    EXPECT_EQ(slots.at(2).guest, uart_window);
}

TEST_F(AMachine, TellsItsGuestOfStolenTimeWhereTheHostCountsIt)
{
    power_on(plan_of({}, 2)).reset();
    EXPECT_FALSE(system.vm().vcpu(0).stolen_time);
    system.counts_stolen_time = true;
    const auto machine = power_on(plan_of({}, 2));
    const GuestAddr first = system.vm().vcpu(0).stolen_time.value();
    EXPECT_EQ(system.vm().vcpu(1).stolen_time, first + 64);
    const auto slots = system.vm().slots();
    EXPECT_TRUE(slots.rbegin()->second.guest.contains(first, 128));
    EXPECT_EQ(slots.size(), 2U) << "RAM, and a page of its own";
}

TEST_F(AMachine, HasItsGicWhereThePlanSays)
{
    const auto machine = power_on(plan_of({}));
    EXPECT_EQ(system.vm().layout()->distributor, GuestAddr{0xf901'0000});
    EXPECT_EQ(system.vm().layout()->cpu_interface, GuestAddr{0xf902'0000});
    EXPECT_TRUE(system.vm().vgic_initialised());
}

TEST_F(AMachine, BringsAPhysicalInterruptToTheGuestAsTheAlias)
{
    const auto machine = power_on(plan_of({uart_alias(plan::Backing::instance)}));
    auto& vm = system.vm();
    EXPECT_EQ(vm.trigger_of(uart_spi), Trigger::level) << "a guest may leave ICFGR alone";
    for (int n = 0; n < 100; ++n)
    {
        device().raise(0);
        machine->serve_lines();
        ASSERT_TRUE(vm.pending(uart_spi));
        ASSERT_TRUE(device().masked(0)) << "automasked until the guest says EOI";
        device().lower(0);
        ASSERT_TRUE(vm.acknowledge(uart_spi));
        machine->serve_lines();
        ASSERT_FALSE(vm.pending(uart_spi));
        ASSERT_FALSE(device().masked(0));
    }
    EXPECT_EQ(device().fired(0), 100U);
}

TEST_F(AMachine, TellsOnceOfALevelLineThatTheGuestHasAsEdge)
{
    const auto machine = power_on(plan_of({uart_alias(plan::Backing::instance)}));
    ASSERT_TRUE(machine->serve_lines().empty());
    auto& vm = system.vm();
    vm.set_trigger(uart_spi, Trigger::edge);
    std::vector<Spi> told;
    for (int n = 0; n < 20; ++n)
    {
        device().raise(0);
        ASSERT_TRUE(wait_until(
            [&]
            {
                for (const Spi line : machine->serve_lines())
                    told.push_back(line);
                return vm.pending(uart_spi);
            }))
            << n;
        device().lower(0);
        ASSERT_TRUE(vm.acknowledge(uart_spi));
    }
    EXPECT_EQ(told, std::vector{uart_spi});
}

TEST_F(AMachine, DeliversAnInterruptThatWasThereBeforeIt)
{
    device().raise(0);
    const auto machine = power_on(plan_of({uart_alias(plan::Backing::instance)}));
    machine->serve_lines();
    EXPECT_TRUE(system.vm().pending(uart_spi));
}

TEST_F(AMachine, HasTheDevicesRegistersAtTheAlias)
{
    const auto machine = power_on(plan_of({uart_alias(plan::Backing::instance)}));
    const auto slots = system.vm().slots();
    const auto window = std::ranges::find_if(slots, [](const auto& slot)
                                             { return slot.second.guest == uart_window; });
    ASSERT_NE(window, slots.end());
    device().registers(0)[0x2c] = std::byte{0x5a};
    EXPECT_EQ(window->second.host[0x2c], std::byte{0x5a});
}

TEST_F(AMachine, ServesAConsoleWithTheSameAddressAndInterrupt)
{
    const auto machine = power_on(plan_of({uart_alias(plan::Backing::console)}));
    auto& cpu = system.vm().vcpu(0);
    cpu.push(kvm::MmioWrite{{0xff00'0000}, 4, 0x14}); // CR: receiver and transmitter on
    cpu.push(kvm::MmioWrite{{0xff00'0020}, 4, 1});    // RXWM: at the first character
    cpu.push(kvm::MmioWrite{{0xff00'0008}, 4, 1});    // IER: RTRIG
    cpu.push(kvm::MmioWrite{{0xff00'0030}, 4, 'h'});
    cpu.push(kvm::MmioWrite{{0xff00'0030}, 4, 'i'});
    ASSERT_TRUE(cpu.wait_idle());
    EXPECT_EQ(sink.text, "hi");

    const std::array input{std::byte{'?'}};
    EXPECT_EQ(machine->console("uart0")->receive(input), 1U);
    EXPECT_TRUE(system.vm().pending(uart_spi));
    cpu.push(kvm::MmioRead{{0xff00'0030}, 4, nullptr});
    cpu.push(kvm::MmioWrite{{0xff00'0014}, 4, 1}); // ISR: RTRIG taken
    ASSERT_TRUE(cpu.wait_idle());
    EXPECT_EQ(cpu.answers().back(), static_cast<std::uint64_t>('?'));
    EXPECT_FALSE(system.vm().pending(uart_spi));
    EXPECT_EQ(system.vm().irqfd_count(), 0U);
}

TEST_F(AMachine, AnswersZeroBehindAnEmptyAlias)
{
    const auto machine = power_on(plan_of({uart_alias(plan::Backing::none)}));
    auto& cpu = system.vm().vcpu(0);
    cpu.push(kvm::MmioRead{{0xff00'002c}, 4, nullptr});
    ASSERT_TRUE(cpu.wait_idle());
    EXPECT_EQ(cpu.answers().back(), 0U);
    EXPECT_EQ(machine->bus().unmapped_reads(), 1U);
}

TEST_F(AMachine, TellsTheGuestToPowerOffByItsPowerKey)
{
    const auto machine = power_on(plan_of({power_key()}));
    listen_to_the_power_key();
    EXPECT_FALSE(system.vm().pending(*Spi::from_dt_cell(16)));
    EXPECT_TRUE(machine->press_power_key());
    EXPECT_TRUE(system.vm().pending(*Spi::from_dt_cell(16)));
}

TEST_F(AMachine, WithoutAPowerKeySaysSo)
{
    EXPECT_FALSE(power_on(plan_of({}))->press_power_key());
}

TEST_F(AMachine, HasTheTimeOfTheHostInItsClockAndBothInterrupts)
{
    const auto machine = power_on(plan_of({clock_alias()}));
    auto& cpu = system.vm().vcpu(0);
    const std::int64_t before = ::time(nullptr);
    cpu.push(kvm::MmioRead{{0xffa6'0010}, 4, nullptr});
    ASSERT_TRUE(cpu.wait_idle());
    const auto now = static_cast<std::uint32_t>(cpu.answers().back());
    EXPECT_GE(now, before);
    EXPECT_LE(now, ::time(nullptr));

    ASSERT_TRUE(machine->clock_descriptor());
    pollfd timer{*machine->clock_descriptor(), POLLIN, 0};
    EXPECT_EQ(::poll(&timer, 1, 0), 0);
    cpu.push(kvm::MmioWrite{{0xffa6'0018}, 4, now + 2}); // ALARM
    cpu.push(kvm::MmioWrite{{0xffa6'0020}, 4, 3});       // INT_STATUS
    cpu.push(kvm::MmioWrite{{0xffa6'0028}, 4, 3});       // INT_EN
    ASSERT_TRUE(cpu.wait_idle());
    EXPECT_FALSE(system.vm().pending(*Spi::from_dt_cell(27)));
    EXPECT_FALSE(system.vm().pending(*Spi::from_dt_cell(26)));

    ASSERT_EQ(::poll(&timer, 1, 10'000), 1);
    machine->serve_clock();
    EXPECT_TRUE(system.vm().pending(*Spi::from_dt_cell(27)));
    EXPECT_FALSE(system.vm().pending(*Spi::from_dt_cell(26)));

    machine->pause(); // and it goes on
    ASSERT_EQ(::poll(&timer, 1, 10'000), 1);
    machine->serve_clock();
    EXPECT_TRUE(system.vm().pending(*Spi::from_dt_cell(26)));
    EXPECT_EQ(::poll(&timer, 1, 0), 0) << "nothing is awaited any more";
}

TEST_F(AMachine, HasNoClockUnlessItIsAskedFor)
{
    const auto machine = power_on(plan_of({power_key()}));
    EXPECT_FALSE(machine->clock_descriptor());
    machine->serve_clock();
}

TEST_F(AMachine, SaysHowItEnded)
{
    const auto machine = power_on(plan_of({}, 4));
    system.vm().vcpu(2).push(kvm::SystemEvent::reset);
    ASSERT_TRUE(wait_until([&] { return machine->notices().end().has_value(); }));
    EXPECT_EQ(machine->notices().end()->cause, EndCause::reset);
    EXPECT_EQ(machine->notices().end()->vcpu, 2U);
    EXPECT_TRUE(machine->notices().event().drain());
}

TEST_F(AMachine, TellsOfOneEndOnly)
{
    const auto machine = power_on(plan_of({}, 4));
    for (std::uint32_t n = 0; n < 4; ++n)
        system.vm().vcpu(n).push(kvm::SystemEvent::power_off);
    ASSERT_TRUE(wait_until([&] { return machine->notices().end().has_value(); }));
    const auto first = machine->notices().end()->vcpu;
    ::poll(nullptr, 0, 20);
    EXPECT_EQ(machine->notices().end()->vcpu, first);
}

TEST_F(AMachine, LeavesNothingBehind)
{
    std::vector<std::string> order;
    device().on_call = [&](std::string what) { order.push_back(std::move(what)); };
    power_on(plan_of({uart_alias(plan::Backing::instance), power_key()}, 8)).reset();
    EXPECT_TRUE(system.vm().destroyed());
    EXPECT_EQ(system.vm().irqfd_count(), 0U);
    EXPECT_TRUE(system.vm().slots().empty());
    EXPECT_EQ(system.vm().dangling_slots(), 0U);
    EXPECT_FALSE(device().opened());
    EXPECT_FALSE(device().has_signal(0));
    EXPECT_FALSE(device().resamples(0));
    for (std::uint32_t n = 0; n < 8; ++n)
        EXPECT_TRUE(system.vm().vcpu(n).destroyed());
    // The line was live last and silent first.
    const auto signal = std::ranges::find(order, "set_signal 0");
    EXPECT_LT(std::ranges::find(order, "mask 0"), signal);
    EXPECT_NE(signal, order.end());
}

TEST_F(AMachine, LeavesNothingBehindWhenAnyStepOfItsPowerOnFails)
{
    using DeviceCall = fakes::DeviceModel::Call;
    const auto plan = plan_of({uart_alias(plan::Backing::instance), power_key()}, 2);
    for (const auto call : {DeviceCall::open, DeviceCall::map, DeviceCall::set_signal,
                            DeviceCall::mask, DeviceCall::unmask})
    {
        device().fail(call, EIO);
        EXPECT_THROW(power_on(plan), Error) << static_cast<int>(call);
        EXPECT_FALSE(device().opened());
        EXPECT_FALSE(device().has_signal(0));
        EXPECT_TRUE(system.vm().destroyed());
        EXPECT_EQ(system.vm().dangling_slots(), 0U);
    }
}

TEST_F(AMachine, RefusesAPlanThatWantsMoreThanTheDeviceHas)
{
    auto alias = uart_alias(plan::Backing::instance);
    alias.windows.front().guest.size = 0x2000;
    EXPECT_THROW(power_on(plan_of({alias})), Error);
}

TEST_F(AMachine, CanBePoweredOffAtAnyMoment)
{
    for (int n = 0; n < 100; ++n)
        power_on(plan_of({uart_alias(plan::Backing::instance)}, 8)).reset();
    EXPECT_TRUE(system.vm().destroyed());
}

TEST_F(AMachine, MapsItsMemoryForDmaAroundWhatTheIommuReserves)
{
    host.add("ff0c0000.ethernet");
    plan::AliasPlan gem;
    gem.name = "gem0";
    gem.backing = plan::Backing::instance;
    gem.sysname = "ff0c0000.ethernet";
    gem.dma = Dma::iommu;
    gem.windows.push_back({{{0xff0b'0000}, 0x1000}, {}, 0});
    gem.lines.push_back({*Spi::from_dt_cell(57), {}, Trigger::level, 0});
    auto plan = plan_of({gem});
    plan.memory = {{{{0}, 256 * mebibyte}, true, {}},
                   {{{0x3000'0000}, 2 * mebibyte}, false, {}},
                   {{{0x8'0000'0000}, 4 * mebibyte}, true, {}}};
    plan.dma_holes = {{{0x0800'0000}, mebibyte}};
    auto machine = power_on(plan);
    const auto& reached = host.device("ff0c0000.ethernet").dma;
    ASSERT_EQ(reached.size(), 3U) << "not what no device is to reach";
    EXPECT_EQ(reached[0].first, (GuestRange{{0}, 0x0800'0000}));
    EXPECT_EQ(reached[1].first, (GuestRange{{0x0810'0000}, 0x07f0'0000}));
    EXPECT_EQ(reached[2].first, (GuestRange{{0x8'0000'0000}, 4 * mebibyte}));
    EXPECT_EQ(reached[2].second, system.vm().slots().at(2).host);
    machine.reset();
    EXPECT_TRUE(reached.empty());
}

TEST_F(AMachine, HasTheHostsHugepagesWhereTheyAre)
{
    const UniqueFd hugepages{::memfd_create("hugepages", MFD_CLOEXEC)};
    ASSERT_EQ(::ftruncate(hugepages.get(), 6 * mebibyte), 0);
    host.add("ff0c0000.ethernet").noiommu = true;
    plan::AliasPlan gem;
    gem.name = "gem0";
    gem.backing = plan::Backing::instance;
    gem.sysname = "ff0c0000.ethernet";
    gem.dma = Dma::identity;
    gem.windows.push_back({{{0xff0b'0000}, 0x1000}, {}, 0});
    gem.lines.push_back({*Spi::from_dt_cell(57), {}, Trigger::level, 0});
    auto plan = plan_of({gem});
    plan.memory.front().dma = false; // the low memory, with kernel and device tree
    plan.memory.push_back({{{0x1000'0000}, 2 * mebibyte}, true, 4 * mebibyte});
    plan.memory.push_back({{{0x2000'0000}, 4 * mebibyte}, true, 0});
    plan.dtb.memory = {{0x2010'0000}, 0x1000};
    auto machine = power_on(plan, hugepages);
    const auto slots = system.vm().slots();
    EXPECT_EQ(slots.at(1).guest, (GuestRange{{0x1000'0000}, 2 * mebibyte}));
    EXPECT_EQ(slots.at(2).guest, (GuestRange{{0x2000'0000}, 4 * mebibyte}));
    slots.at(1).host[0] = std::byte{0x5a}; // the guest writes
    std::array<std::byte, 4> seen{};
    ASSERT_EQ(::pread(hugepages.get(), seen.data(), 1, 4 * mebibyte), 1);
    EXPECT_EQ(seen[0], std::byte{0x5a});
    ASSERT_EQ(::pread(hugepages.get(), seen.data(), 4, mebibyte), 4);
    EXPECT_EQ(seen, dtb) << "where a device finds it";
    EXPECT_TRUE(host.device("ff0c0000.ethernet").opened());
    EXPECT_TRUE(host.device("ff0c0000.ethernet").dma.empty()) << "there is nothing to map";
    machine.reset();
    EXPECT_TRUE(system.vm().slots().empty());
    EXPECT_EQ(system.vm().dangling_slots(), 0U);
}

TEST_F(AMachine, RefusesAPlanOfHugepagesThatNobodyHandedOver)
{
    auto plan = plan_of({});
    plan.memory.push_back({{{0x1000'0000}, 2 * mebibyte}, true, 0});
    EXPECT_THROW(power_on(plan), Error);
    const UniqueFd small{::memfd_create("hugepages", MFD_CLOEXEC)};
    ASSERT_EQ(::ftruncate(small.get(), mebibyte), 0);
    EXPECT_THROW(power_on(plan, small), Error) << "it would be a SIGBUS";
    EXPECT_EQ(system.vm().dangling_slots(), 0U);
}

TEST_F(AMachine, MapsNothingForADeviceWithoutDma)
{
    const auto machine = power_on(plan_of({uart_alias(plan::Backing::instance)}));
    EXPECT_TRUE(device().dma.empty());
}

TEST_F(AMachine, HandsOutTheVmsStatisticsThenEachVcpusAndItsOwnCounts)
{
    const auto machine = power_on(plan_of({}, 3));
    for (int round = 0; round < 2; ++round) // the machine keeps its own
    {
        const std::vector<UniqueFd> descriptors = machine->statistics();
        ASSERT_EQ(descriptors.size(), 5U);
        EXPECT_TRUE(stats::read_statistics(descriptors[0].get()).contains("remote_tlb_flush"));
        for (std::size_t n = 1; n < 4; ++n)
            EXPECT_TRUE(stats::read_statistics(descriptors[n].get()).contains("exits"));
        EXPECT_TRUE(stats::read_own_counts(descriptors[4].get()).contains("refused_accesses"));
    }
}

TEST_F(AMachine, HandsOutItsOwnCountsAloneWhereTheHostKeepsNone)
{
    system.keeps_statistics = false;
    const auto descriptors = power_on(plan_of({}, 2))->statistics();
    ASSERT_EQ(descriptors.size(), 1U);
    EXPECT_TRUE(stats::looks_like_own_counts(descriptors[0].get()));
}

} // namespace
