// SPDX-License-Identifier: Apache-2.0
// Guests of a few instructions on the real /dev/kvm. A fake runs no instructions, so not over it.
#include "tests/contract/kvm_contract.hpp"

#include "common/kvm/open.hpp"
#include "common/stats/statistics.hpp"

#include <optional>

namespace aliasvm::contract
{
namespace
{

constexpr std::uint64_t device = 0xff00'0000; // in X0; no slot backs it
constexpr std::chrono::milliseconds long_enough{20'000};
constexpr std::chrono::milliseconds a_while{300};

class AGuest : public testing::Test
{
protected:
    /// The next exit that the guest itself causes; Interrupted if it causes none in time.
    kvm::VcpuExit next(kvm::Vcpu& vcpu, std::chrono::milliseconds patience = long_enough)
    {
        const Watchdog watchdog{vcpu, patience};
        return vcpu.run();
    }

    std::unique_ptr<kvm::System> system = kvm::open_system();
    Machine machine{*system};
};

// ---- accesses

constexpr std::uint32_t talk_and_power_off[] = {
    0x528a'b541, // mov  w1, #0x55aa
    0xb900'0001, // str  w1, [x0]
    0xb940'0402, // ldr  w2, [x0, #4]
    0xb900'0802, // str  w2, [x0, #8]
    0x3940'3002, // ldrb w2, [x0, #12]
    0x7900'1c02, // strh w2, [x0, #14]
    0x5280'0100, // mov  w0, #8          PSCI SYSTEM_OFF, 0x84000008
    0x72b0'8000, // movk w0, #0x8400, lsl #16
    0xd400'0002, // hvc  #0
};

void answer(const kvm::MmioRead& read, std::uint32_t value)
{
    std::memcpy(read.answer, &value, sizeof value);
}

TEST_F(AGuest, WritesReadsAndPowersOff)
{
    kvm::Vcpu& vcpu = machine.complete(talk_and_power_off, 0, device);

    const auto first = std::get<kvm::MmioWrite>(next(vcpu));
    EXPECT_EQ(first.at, GuestAddr{device});
    EXPECT_EQ(first.width, 4);
    EXPECT_EQ(first.value, 0x55aaU);

    const auto word = std::get<kvm::MmioRead>(next(vcpu));
    EXPECT_EQ(word.at, GuestAddr{device + 4});
    EXPECT_EQ(word.width, 4);
    answer(word, 0xcafe'f00d);
    EXPECT_EQ(std::get<kvm::MmioWrite>(next(vcpu)).value, 0xcafe'f00dU);

    // What goes beyond the width of the access does not reach the guest.
    const auto byte = std::get<kvm::MmioRead>(next(vcpu));
    EXPECT_EQ(byte.width, 1);
    answer(byte, 0xffff'ff42);
    const auto last = std::get<kvm::MmioWrite>(next(vcpu));
    EXPECT_EQ(last.at, GuestAddr{device + 14});
    EXPECT_EQ(last.width, 2);
    EXPECT_EQ(last.value, 0x42U);

    EXPECT_EQ(std::get<kvm::SystemEvent>(next(vcpu)), kvm::SystemEvent::power_off);
}

TEST_F(AGuest, ReadsZeroWhereNobodyAnswers)
{
    kvm::Vcpu& vcpu = machine.complete(talk_and_power_off, 0, device);
    (void)next(vcpu);
    (void)std::get<kvm::MmioRead>(next(vcpu));
    EXPECT_EQ(std::get<kvm::MmioWrite>(next(vcpu)).value, 0U);
}

TEST_F(AGuest, KeepsAnAnswerOverAKick)
{
    kvm::Vcpu& vcpu = machine.complete(talk_and_power_off, 0, device);
    (void)next(vcpu);
    answer(std::get<kvm::MmioRead>(next(vcpu)), 0xcafe'f00d);
    vcpu.kick();
    EXPECT_TRUE(std::holds_alternative<kvm::Interrupted>(vcpu.run()));
    EXPECT_EQ(std::get<kvm::MmioWrite>(next(vcpu)).value, 0xcafe'f00dU);
}

TEST_F(AGuest, AsksForAReset)
{
    constexpr std::uint32_t reset[] = {
        0x5280'0120, // mov  w0, #9          PSCI SYSTEM_RESET, 0x84000009
        0x72b0'8000, // movk w0, #0x8400, lsl #16
        0xd400'0002, // hvc  #0
    };
    kvm::Vcpu& vcpu = machine.complete(reset);
    EXPECT_EQ(std::get<kvm::SystemEvent>(next(vcpu)), kvm::SystemEvent::reset);
}

TEST_F(AGuest, GetsTheExternalAbortThatABusWouldGive)
{
    constexpr std::uint32_t load_pair[] = {
        0xd281'0005, // mov  x5, #0x800
        0xd518'c005, // msr  vbar_el1, x5
        0xd503'3fdf, // isb
        0x2940'0801, // ldp  w1, w2, [x0]    no syndrome describes it
        0x1400'0000, // b    .
    };
    constexpr std::uint64_t synchronous_vector = 0x800 + 0x200;
    constexpr std::uint32_t tell_syndrome[] = {
        0xd538'5203, // mrs  x3, esr_el1
        0xb900'1003, // str  w3, [x0, #16]
        0xd503'207f, // 1: wfi
        0x17ff'ffff, //    b 1b
    };
    kvm::Vcpu& vcpu = machine.complete(load_pair, 0, device);
    machine.load(tell_syndrome, synchronous_vector);

    EXPECT_EQ(std::get<kvm::UndescribedAccess>(next(vcpu)).at, GuestAddr{device});
    EXPECT_EQ(vcpu.program_counter(), 3 * sizeof(std::uint32_t));
    ASSERT_TRUE(vcpu.inject_external_abort());
    const auto told = std::get<kvm::MmioWrite>(next(vcpu));
    EXPECT_EQ(told.at, GuestAddr{device + 16});
    constexpr std::uint64_t data_abort_same_level = 0x25;
    constexpr std::uint64_t synchronous_external = 0x10;
    EXPECT_EQ(told.value >> 26, data_abort_same_level);
    EXPECT_EQ(told.value & 0x3f, synchronous_external);
}

TEST_F(AGuest, SeesMemoryComeAndGoWhileItRuns)
{
    // The alias at work: with a slot the same store causes no exit, without one it does again.
    kvm::Vcpu& vcpu = machine.complete(talk_and_power_off, 0, device);
    Mapping page = Mapping::anonymous(page_size, page_size, "a device");
    page.data()[4] = std::byte{0x12};
    machine.vm->set_slot(kvm::SlotId{1}, {GuestAddr{device}, page_size}, page.data());
    EXPECT_EQ(std::get<kvm::SystemEvent>(next(vcpu)), kvm::SystemEvent::power_off);
    EXPECT_EQ(page.data()[0], std::byte{0xaa});
    EXPECT_EQ(page.data()[8], std::byte{0x12});
    machine.vm->remove_slot(kvm::SlotId{1});
}

TEST_F(AGuest, IsCountedByTheKernelWhileItRuns)
{
    kvm::Vcpu& vcpu = machine.complete(talk_and_power_off, 0, device);
    const UniqueFd of_vm = machine.vm->statistics();
    const UniqueFd of_vcpu = vcpu.statistics(); // asked for before, read after
    ASSERT_TRUE(stats::looks_like_statistics(of_vm.get()));
    ASSERT_TRUE(stats::looks_like_statistics(of_vcpu.get()));
    const auto before = stats::read_statistics(of_vcpu.get());
    (void)next(vcpu);
    (void)next(vcpu);
    const auto after = stats::read_statistics(of_vcpu.get());
    EXPECT_GE(after.at("exits"), before.at("exits") + 2);
    EXPECT_EQ(after.at("mmio_exit_user"), before.at("mmio_exit_user") + 2);
}

// ---- interrupts

constexpr std::uint32_t tell_interrupts[] = {
    0xd2bf'2025, // mov  x5, #0xf9010000     distributor
    0xd2bf'2046, // mov  x6, #0xf9020000     CPU interface
    0x5280'1fe1, // mov  w1, #0xff
    0xb900'04c1, // str  w1, [x6, #4]        GICC_PMR: let everything through
    0x5280'0021, // mov  w1, #1
    0xb900'00a1, // str  w1, [x5]            GICD_CTLR
    0xb900'00c1, // str  w1, [x6]            GICC_CTLR
    0x3920'd4a1, // strb w1, [x5, #0x835]    GICD_ITARGETSR of INTID 53: CPU 0
    0x52a0'0401, // mov  w1, #0x200000
    0xb901'04a1, // str  w1, [x5, #0x104]    GICD_ISENABLER of INTID 53; ICFGR is left alone
    0xd503'207f, // 1: wfi
    0xb940'0cc2, //    ldr w2, [x6, #0xc]    GICC_IAR
    0xb900'0002, //    str w2, [x0]
    0xb900'10c2, //    str w2, [x6, #0x10]   GICC_EOIR
    0x17ff'fffc, //    b 1b
};

class AGuestWithInterrupts : public AGuest
{
protected:
    kvm::Vcpu& start(Trigger preset)
    {
        kvm::Vcpu& vcpu = machine.complete(tell_interrupts, 0, device);
        machine.vgic->preset_trigger(line, preset);
        return vcpu;
    }

    /// The INTID of the next interrupt that the guest takes; nothing if none comes in time. The
    /// guest then waits for the next one, having said EOI, when this is called again.
    std::optional<std::uint64_t> taken(kvm::Vcpu& vcpu,
                                       std::chrono::milliseconds patience = long_enough)
    {
        constexpr std::uint64_t none = 1023; // what IAR reads when WFI ended for a kick
        const Watchdog watchdog{vcpu, patience};
        for (;;)
        {
            const auto exit = vcpu.run();
            if (std::holds_alternative<kvm::Interrupted>(exit))
                return std::nullopt;
            if (const auto value = std::get<kvm::MmioWrite>(exit).value; value != none)
                return value;
        }
    }

    EventFd event;
    EventFd resample;
};

TEST_F(AGuestWithInterrupts, ResamplesALevelLineAtEveryEoi)
{
    kvm::Vcpu& vcpu = start(Trigger::level);
    machine.vm->add_level_irqfd(line, event, resample);
    for (int round = 0; round < 3; ++round)
    {
        event.signal();
        EXPECT_EQ(taken(vcpu), 53U);
        EXPECT_FALSE(resample.drain()) << "before EOI";
        EXPECT_EQ(taken(vcpu, a_while), std::nullopt) << "EOI lowers the line";
        EXPECT_TRUE(resample.drain());
    }
    machine.vm->remove_irqfd(line, event);
}

TEST_F(AGuestWithInterrupts, NeverResamplesALineThatIsLeftAsEdge)
{
    // The reset value of KVM's vGIC, which is why passed-through level lines are preset: VFIO would
    // wait for the resampling for ever.
    kvm::Vcpu& vcpu = machine.complete(tell_interrupts, 0, device);
    machine.vm->add_level_irqfd(line, event, resample);
    for (int round = 0; round < 2; ++round)
    {
        event.signal();
        EXPECT_EQ(taken(vcpu), 53U);
        EXPECT_EQ(taken(vcpu, a_while), std::nullopt);
        EXPECT_FALSE(resample.drain());
    }
    machine.vm->remove_irqfd(line, event);
}

TEST_F(AGuestWithInterrupts, TakesAnEdgeEachTimeThatALineIsDrivenHigh)
{
    // KVM does not ask whether the line had been low in between.
    kvm::Vcpu& vcpu = start(Trigger::edge);
    for (int round = 0; round < 2; ++round)
    {
        EXPECT_TRUE(machine.vm->set_line(line, true));
        EXPECT_EQ(taken(vcpu), 53U);
        EXPECT_EQ(taken(vcpu, a_while), std::nullopt);
    }
}

TEST_F(AGuestWithInterrupts, TakesEveryEdge)
{
    kvm::Vcpu& vcpu = start(Trigger::edge);
    machine.vm->add_edge_irqfd(line, event);
    for (int round = 0; round < 3; ++round)
    {
        event.signal();
        EXPECT_EQ(taken(vcpu), 53U);
        EXPECT_EQ(taken(vcpu, a_while), std::nullopt);
    }
    machine.vm->remove_irqfd(line, event);
}

TEST_F(AGuestWithInterrupts, TakesWhatWasSignalledBeforeTheIrqfdCame)
{
    kvm::Vcpu& vcpu = start(Trigger::level);
    event.signal();
    machine.vm->add_level_irqfd(line, event, resample);
    EXPECT_EQ(taken(vcpu), 53U);
    machine.vm->remove_irqfd(line, event);
}

TEST_F(AGuestWithInterrupts, TakesNothingOnceTheIrqfdIsGone)
{
    kvm::Vcpu& vcpu = start(Trigger::level);
    machine.vm->add_level_irqfd(line, event, resample);
    event.signal();
    machine.vm->remove_irqfd(line, event); // lowers what is up
    event.signal();
    EXPECT_EQ(taken(vcpu, a_while), std::nullopt);
}

TEST_F(AGuestWithInterrupts, TakesADrivenLineUntilItIsLowered)
{
    kvm::Vcpu& vcpu = start(Trigger::level);
    EXPECT_TRUE(machine.vm->set_line(line, true));
    EXPECT_EQ(taken(vcpu), 53U);
    EXPECT_EQ(taken(vcpu), 53U) << "still up after EOI";
    EXPECT_TRUE(machine.vm->set_line(line, false));
    EXPECT_EQ(taken(vcpu, a_while), std::nullopt);
}

} // namespace
} // namespace aliasvm::contract
