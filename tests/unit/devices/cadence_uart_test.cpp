// SPDX-License-Identifier: Apache-2.0
// The emulated UART, register by register.
#include "tests/unit/devices/uart_bench.hpp"

#include <array>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace aliasvm::devices
{
namespace
{

using namespace uart;
using namespace std::chrono_literals;

struct AnEmulatedUart : testing::Test, UartBench
{
};

struct Register
{
    std::uint64_t offset;
    std::uint32_t reset;
    std::uint32_t kept; ///< what stays of all ones
};

TEST_F(AnEmulatedUart, HasTheRegistersThatTheManualLists)
{
    constexpr std::array registers{
        Register{cr, 0x14, 0x1bc},   Register{mr, 0x20, 0x3fff},     Register{ier, 0, 0},
        Register{idr, 0, 0},         Register{baudgen, 124, 0xffff}, Register{rtor, 0, 0xff},
        Register{rtrig, 0x20, 0x3f}, Register{modemcr, 0, 0x23},     Register{bauddiv, 6, 0xff},
        Register{flowdel, 0, 0x3f},  Register{0x3c, 0, 0},           Register{0x40, 0, 0},
        Register{ttrig, 0x20, 0x3f}, Register{rxbs, 0, 0},           Register{0x4c, 0, 0},
        Register{0xffc, 0, 0},
    };
    for (const Register& reg : registers)
    {
        UartBench bench;
        EXPECT_EQ(bench.read(reg.offset), reg.reset) << std::hex << reg.offset;
        bench.write(reg.offset, 0xffff'ffff);
        EXPECT_EQ(bench.read(reg.offset), reg.kept) << std::hex << reg.offset;
    }
}

TEST_F(AnEmulatedUart, IsEmptyQuietAndReadyToSendAtFirst)
{
    EXPECT_EQ(read(isr), irq_rempty | irq_tempty);
    EXPECT_EQ(read(sr), sr_rempty | sr_tempty);
    EXPECT_EQ(read(imr), 0U);
    EXPECT_EQ(irq.rises, 0U);
    EXPECT_FALSE(device.poll_timeout());
}

TEST_F(AnEmulatedUart, EnablesAndDisablesInterruptsThroughSeparateRegisters)
{
    write(ier, 0x105);
    write(ier, 0xffff'0040);
    EXPECT_EQ(read(imr), 0x145U);
    write(idr, 0x41);
    EXPECT_EQ(read(imr), 0x104U);
    write(imr, 0x3fff);
    EXPECT_EQ(read(imr), 0x104U) << "read only";
}

TEST_F(AnEmulatedUart, SendsAtOnceAndIsEmptyAgain)
{
    enable();
    send("hello");
    EXPECT_EQ(sink.output, "hello");
    EXPECT_EQ(read(sr) & (sr_tempty | sr_tful), sr_tempty);
}

TEST_F(AnEmulatedUart, TakesAByteFromAStoreOfAnyWidth)
{
    enable();
    for (const std::uint8_t width : all_widths)
        device.write(fifo, width, 'a');
    EXPECT_EQ(sink.output, "aaaa");
}

TEST_F(AnEmulatedUart, GivesAByteToALoadOfAnyWidth)
{
    enable();
    type("abcd");
    for (const std::uint8_t width : {all_widths[0], all_widths[1], all_widths[2]})
        EXPECT_LT(device.read(fifo, width), 0x80U) << unsigned{width};
    EXPECT_EQ(device.read(fifo, 8) & 0xff, static_cast<unsigned>('d'));
}

TEST_F(AnEmulatedUart, MovesSeveralBytesAnAccessIfTheModeSaysSo)
{
    enable();
    write(mr, 3U << mr_wsize_shift);
    write(fifo, 0x6463'6261);
    EXPECT_EQ(sink.output, "abcd");
    type("efghij");
    EXPECT_EQ(read(fifo), 0x6867'6665U);
    write(mr, 2U << mr_wsize_shift);
    EXPECT_EQ(read(fifo), 0x6a69U);
}

TEST_F(AnEmulatedUart, HoldsWhatADisabledTransmitterIsGiven)
{
    write(cr, cr_txen | cr_txdis);
    send(std::string(62, 'x'));
    EXPECT_EQ(read(sr), sr_rempty | sr_ttrig);
    send("x");
    EXPECT_EQ(read(sr), sr_rempty | sr_ttrig | sr_tnful);
    send("x");
    EXPECT_EQ(read(sr), sr_rempty | sr_ttrig | sr_tnful | sr_tful);
    EXPECT_FALSE(raised(irq_tovr));
    send("lost");
    EXPECT_TRUE(raised(irq_ttrig | irq_tnful | irq_tful | irq_tovr));
    EXPECT_EQ(sink.output, "");

    write(cr, cr_txen);
    EXPECT_EQ(sink.output, std::string(64, 'x'));
    EXPECT_EQ(read(sr), sr_rempty | sr_tempty);
}

TEST_F(AnEmulatedUart, HoldsItsOutputDuringABreak)
{
    enable();
    write(cr, cr_rxen | cr_txen | cr_startbrk);
    send("after");
    EXPECT_EQ(sink.output, "");
    write(cr, cr_rxen | cr_txen | cr_stopbrk);
    EXPECT_EQ(sink.output, "after");
}

TEST_F(AnEmulatedUart, ForgetsItsFifosWhenTheyAreReset)
{
    write(cr, cr_rxen);
    type("in");
    send("out");
    write(cr, cr_rxen | cr_txen | cr_rxrst | cr_txrst);
    EXPECT_EQ(read(cr), cr_rxen | cr_txen) << "the reset bits clear themselves";
    EXPECT_EQ(read(sr), sr_rempty | sr_tempty);
    EXPECT_EQ(sink.output, "");
}

TEST_F(AnEmulatedUart, DropsInputWhileItsReceiverIsDisabled)
{
    write(cr, cr_rxdis);
    EXPECT_EQ(type("early"), 5U);
    write(cr, cr_rxen | cr_rxdis);
    EXPECT_EQ(type("early"), 5U) << "disabling wins over enabling";
    write(cr, cr_rxen);
    EXPECT_EQ(type("in time"), 7U);
    EXPECT_EQ(drain(), "in time");
}

TEST_F(AnEmulatedUart, TakesNoMoreInputThanItHasRoomFor)
{
    enable();
    EXPECT_EQ(type(std::string(60, 'a')), 60U);
    EXPECT_EQ(type("123456"), 4U);
    EXPECT_EQ(type("7"), 0U);
    EXPECT_TRUE(raised(irq_rful | irq_rtrig));
    EXPECT_FALSE(raised(irq_rovr)) << "nothing was lost";
    EXPECT_EQ(sink.attentions, 0U);
    static_cast<void>(read(fifo));
    EXPECT_EQ(sink.attentions, 1U) << "asks for the rest";
    static_cast<void>(read(fifo));
    EXPECT_EQ(sink.attentions, 1U) << "once";
    EXPECT_EQ(drain(), std::string(58, 'a') + "1234");
}

TEST_F(AnEmulatedUart, AsksForTheRestWhenAResetMakesRoomOrInputFallsOnDeafEars)
{
    enable();
    type(std::string(65, 'a'));
    write(cr, cr_rxen | cr_rxrst);
    EXPECT_EQ(sink.attentions, 1U);
    type(std::string(65, 'a'));
    write(cr, cr_rxdis);
    EXPECT_EQ(sink.attentions, 2U);
}

TEST_F(AnEmulatedUart, ShowsTheTriggerLevelsInStatus)
{
    enable();
    write(rtrig, 3);
    write(flowdel, 4);
    type("ab");
    EXPECT_EQ(read(sr) & (sr_rtrig | sr_fdelt), 0U);
    type("c");
    EXPECT_EQ(read(sr) & (sr_rtrig | sr_fdelt), sr_rtrig);
    type("d");
    EXPECT_EQ(read(sr) & (sr_rtrig | sr_fdelt), sr_rtrig | sr_fdelt);
    write(rtrig, 0);
    write(flowdel, 3);
    EXPECT_EQ(read(sr) & (sr_rtrig | sr_fdelt), 0U) << "both are off";
}

TEST_F(AnEmulatedUart, KeepsAnEventUntilItIsAcknowledged)
{
    enable();
    write(rtrig, 1);
    write(ier, irq_rtrig);
    type("a");
    EXPECT_TRUE(irq.level);
    EXPECT_EQ(drain(), "a");
    EXPECT_TRUE(irq.level) << "reading is no acknowledgement";
    write(isr, irq_rful);
    EXPECT_TRUE(irq.level) << "nor is acknowledging something else";
    write(isr, irq_rtrig);
    EXPECT_FALSE(irq.level);
}

TEST_F(AnEmulatedUart, KeepsAStateInSpiteOfAnAcknowledgementForAsLongAsItLasts)
{
    enable();
    write(ier, irq_tempty);
    EXPECT_TRUE(irq.level);
    write(isr, irq_tempty);
    EXPECT_TRUE(irq.level);
    EXPECT_EQ(irq.rises, 1U);
}

TEST_F(AnEmulatedUart, IsAcknowledgedUntilTheFifoComesToTheLevelAgain)
{
    enable();
    write(rtrig, 2);
    write(ier, irq_rtrig);
    type("ab");
    EXPECT_TRUE(irq.level);
    write(isr, irq_rtrig);
    EXPECT_FALSE(irq.level) << "the handler drains later";
    type("c");
    EXPECT_FALSE(irq.level) << "it is past the level";
    EXPECT_EQ(read(fifo), 'a' + 0U);
    EXPECT_EQ(read(fifo), 'b' + 0U);
    type("d");
    EXPECT_TRUE(irq.level);
    EXPECT_EQ(irq.rises, 2U);
}

TEST_F(AnEmulatedUart, TellsOfAFullFifoOnce)
{
    enable();
    write(rtrig, 0);
    write(ier, irq_rful);
    type(std::string(CadenceUart::fifo_size, 'x'));
    EXPECT_TRUE(irq.level);
    write(isr, irq_rful);
    EXPECT_FALSE(irq.level);
    EXPECT_EQ(read(fifo), 'x' + 0U);
    type("y");
    EXPECT_TRUE(irq.level);
}

TEST_F(AnEmulatedUart, BringsALevelThatIsSetBelowWhatWaitsToNotice)
{
    enable();
    type("abc");
    write(ier, irq_rtrig);
    EXPECT_FALSE(irq.level);
    write(rtrig, 3);
    EXPECT_TRUE(irq.level);
}

TEST_F(AnEmulatedUart, IgnoresABaudDividerBelowFour)
{
    write(bauddiv, 6);
    write(bauddiv, 3);
    EXPECT_EQ(read(bauddiv), 6U);
}

TEST_F(AnEmulatedUart, HasNoModem)
{
    EXPECT_EQ(read(modemsr), 0U);
    write(modemcr, modemcr_fcm);
    EXPECT_EQ(read(modemsr), modemsr_fcms);
}

// ---- channel modes -------------------------------------------------------------------------

TEST_F(AnEmulatedUart, EchoesAutomatically)
{
    enable();
    write(mr, 1U << mr_chmode_shift);
    type("abc");
    send("unheard");
    EXPECT_EQ(sink.output, "abc");
    EXPECT_EQ(drain(), "abc");
    EXPECT_EQ(read(sr), sr_rempty | sr_tempty);
}

TEST_F(AnEmulatedUart, EchoesOnlyWhatItTook)
{
    enable();
    write(mr, 1U << mr_chmode_shift);
    EXPECT_EQ(type(std::string(70, 'a')), 64U);
    EXPECT_EQ(sink.output.size(), 64U);
}

TEST_F(AnEmulatedUart, HearsItselfInLocalLoopback)
{
    enable();
    write(mr, 2U << mr_chmode_shift);
    send("self");
    EXPECT_EQ(type("unheard"), 7U);
    EXPECT_EQ(drain(), "self");
    EXPECT_EQ(sink.output, "");
}

TEST_F(AnEmulatedUart, OverrunsInLocalLoopbackAndKeepsTheOldBytes)
{
    enable();
    write(mr, 2U << mr_chmode_shift);
    write(ier, irq_rovr);
    send(std::string(64, 'a'));
    EXPECT_FALSE(irq.level);
    send("b");
    EXPECT_TRUE(irq.level);
    EXPECT_EQ(drain(), std::string(64, 'a'));
    write(isr, irq_rovr);
    EXPECT_FALSE(irq.level);
}

TEST_F(AnEmulatedUart, ReflectsTheLineInRemoteLoopback)
{
    enable();
    write(mr, 3U << mr_chmode_shift);
    EXPECT_EQ(type("back"), 4U);
    send("unheard");
    EXPECT_EQ(sink.output, "back");
    EXPECT_EQ(read(sr), sr_rempty | sr_tempty);
}

// ---- receiver timeout ----------------------------------------------------------------------

struct AReceiverTimeout : AnEmulatedUart
{
    /// 124 * 7 clocks of 10 ns: one bit at 115207 baud. RTOR 10 is 40 of them.
    static constexpr auto bit = 8680ns;

    AReceiverTimeout()
    {
        enable();
        write(baudgen, 124);
        write(bauddiv, 6);
        write(rtor, 10);
        write(ier, irq_tout);
    }
};

TEST_F(AReceiverTimeout, ComesFourTimesItsRegisterInBitTimesAfterTheLastByte)
{
    type("a");
    const auto due = device.poll_timeout();
    ASSERT_TRUE(due);
    pass(40 * bit - 1ns);
    EXPECT_EQ(device.poll_timeout(), due);
    EXPECT_FALSE(irq.level);
    pass(1ns);
    EXPECT_FALSE(device.poll_timeout()) << "nothing to wait for any more";
    EXPECT_TRUE(irq.level);
}

TEST_F(AReceiverTimeout, StartsAnewWithEachByte)
{
    type("a");
    pass(30 * bit);
    type("b");
    pass(30 * bit);
    EXPECT_TRUE(device.poll_timeout());
    EXPECT_FALSE(irq.level);
    pass(10 * bit);
    EXPECT_FALSE(device.poll_timeout());
    EXPECT_TRUE(irq.level);
}

TEST_F(AReceiverTimeout, ComesOnceUntilItIsRestarted)
{
    type("a");
    pass(1s);
    static_cast<void>(device.poll_timeout());
    write(isr, irq_tout);
    EXPECT_FALSE(irq.level) << "an event, though the byte is still there";
    pass(1s);
    EXPECT_FALSE(device.poll_timeout());

    write(cr, cr_rxen | cr_txen | cr_rstto);
    EXPECT_EQ(read(cr) & cr_rstto, 0U);
    EXPECT_EQ(sink.attentions, 1U) << "the main loop has to hear of it";
    EXPECT_TRUE(device.poll_timeout());
    pass(40 * bit);
    EXPECT_FALSE(device.poll_timeout());
    EXPECT_TRUE(irq.level);
}

TEST_F(AReceiverTimeout, IsSwitchedOffByZeroAndByAResetOfTheReceiver)
{
    type("a");
    write(rtor, 0);
    EXPECT_FALSE(device.poll_timeout());
    type("b");
    EXPECT_FALSE(device.poll_timeout());
    write(rtor, 10);
    type("c");
    write(cr, cr_rxen | cr_rxrst);
    pass(1s);
    EXPECT_FALSE(device.poll_timeout());
    EXPECT_FALSE(irq.level);
}

TEST_F(AReceiverTimeout, IsLongerWithThePrescaler)
{
    write(mr, mr_clksel);
    type("a");
    pass(8 * 40 * bit - 1ns);
    EXPECT_TRUE(device.poll_timeout());
    pass(1ns);
    EXPECT_FALSE(device.poll_timeout());
}

TEST_F(AReceiverTimeout, CannotBeMadeShortEnoughToSpinTheMainLoop)
{
    write(baudgen, 0);
    write(bauddiv, 4);
    write(rtor, 1);
    type("a");
    pass(CadenceUart::shortest_timeout - 1ns);
    EXPECT_TRUE(device.poll_timeout());
}

TEST_F(AReceiverTimeout, IsToldOfOnceWhileTheGuestTalksToItself)
{
    write(mr, 2U << mr_chmode_shift);
    send("a");
    EXPECT_EQ(sink.attentions, 1U);
    pass(bit);
    send("bcd");
    EXPECT_EQ(sink.attentions, 1U) << "later than it was: the main loop finds out by itself";
}

} // namespace
} // namespace aliasvm::devices
