// SPDX-License-Identifier: Apache-2.0
// The emulated UART under the sequences of real drivers: Linux xilinx_uartps, Xilinx xuartps.
#include "tests/unit/devices/uart_bench.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <string>

#include <gtest/gtest.h>

namespace aliasvm::devices
{
namespace
{

using namespace uart;
using namespace std::chrono_literals;

/// Touches the registers in the order in which Linux does.
struct ALinuxDriver : testing::Test, UartBench
{
    std::deque<char> to_send;
    std::string received;
    unsigned interrupts{};

    void reset_and_wait()
    {
        write(cr, read(cr) | cr_txrst | cr_rxrst);
        ASSERT_EQ(read(cr) & (cr_txrst | cr_rxrst), 0U) << "the driver would wait for ever";
    }

    void startup()
    {
        write(cr, cr_txdis | cr_rxdis);
        write(cr, cr_txrst | cr_rxrst);
        ASSERT_EQ(read(cr) & (cr_txrst | cr_rxrst), 0U);
        write(cr, (read(cr) & ~cr_rxdis) | cr_rxen);
        write(mr, 0x20);
        write(rtrig, 56);
        write(rtor, 10);
        write(isr, read(isr));
        write(ier, irq_frame | irq_rovr | irq_rtrig | irq_tout | irq_rbrk);
    }

    void set_termios()
    {
        if ((read(cr) & cr_txdis) == 0)
        {
            ASSERT_NE(read(sr) & sr_tempty, 0U) << "the driver would wait for ever";
        }
        write(cr, read(cr) | cr_txdis | cr_rxdis);
        write(mr, read(mr) & ~mr_clksel);
        write(baudgen, 124);
        write(bauddiv, 6);
        reset_and_wait();
        write(cr, (read(cr) & ~(cr_txdis | cr_rxdis)) | cr_txen | cr_rxen);
        write(rtor, 10);
        write(mr, 0x20 | (read(mr) & mr_clksel));
    }

    void handle_tx()
    {
        if (to_send.empty())
        {
            write(idr, irq_tempty);
            return;
        }
        for (unsigned left = 64; left != 0 && !to_send.empty() && (read(sr) & sr_tful) == 0; --left)
        {
            write(fifo, static_cast<unsigned char>(to_send.front()));
            to_send.pop_front();
        }
    }

    /// Old kernels acknowledge TEMPTY after they have filled the FIFO, new ones before.
    void start_tx(bool acknowledge_first)
    {
        write(cr, (read(cr) & ~cr_txdis) | cr_txen);
        if (acknowledge_first)
            write(isr, irq_tempty);
        handle_tx();
        if (!acknowledge_first)
            write(isr, irq_tempty);
        write(ier, irq_tempty);
    }

    void handle_interrupt()
    {
        ++interrupts;
        const std::uint32_t raised = read(isr);
        write(isr, raised);
        if ((raised & irq_tempty) != 0)
            handle_tx();
        if ((raised & 0x21e7) != 0 && (read(cr) & cr_rxdis) == 0)
            received += drain();
    }

    /// What a GIC with a level line does.
    void run()
    {
        for (int i = 0; irq.level; ++i)
        {
            ASSERT_LT(i, 10'000) << "an interrupt that does not end";
            handle_interrupt();
        }
    }

    void open()
    {
        startup();
        set_termios();
        run();
        interrupts = 0;
    }
};

TEST_F(ALinuxDriver, IsNotInterruptedByAnIdleLine)
{
    open();
    EXPECT_FALSE(irq.level);
}

TEST_F(ALinuxDriver, SendsMoreThanAFifoInEitherOrderOfAcknowledging)
{
    for (const bool acknowledge_first : {false, true})
    {
        open();
        sink.output.clear();
        const std::string text(1000, 'z');
        to_send.assign(text.begin(), text.end());
        start_tx(acknowledge_first);
        run();
        EXPECT_EQ(sink.output, text);
        EXPECT_FALSE(irq.level);
    }
}

TEST_F(ALinuxDriver, GetsASingleKeyByTimeout)
{
    open();
    type("x");
    run();
    EXPECT_EQ(received, "") << "one byte is below the trigger level";
    pass(1ms);
    EXPECT_FALSE(device.poll_timeout());
    run();
    EXPECT_EQ(received, "x");
    EXPECT_EQ(interrupts, 1U);
}

TEST_F(ALinuxDriver, IsInterruptedOnceForAFullFifo)
{
    open();
    type(std::string(64, 'x'));
    run();
    EXPECT_EQ(received.size(), 64U);
    EXPECT_EQ(interrupts, 1U);
}

TEST_F(ALinuxDriver, GetsAPasteOfAnyLengthInOrder)
{
    open();
    std::string paste;
    for (int i = 0; i < 5000; ++i)
        paste.push_back(static_cast<char>('a' + i % 26));
    std::size_t given = 0;
    while (received.size() < paste.size())
    {
        given += type(std::string_view{paste}.substr(given));
        run();
        pass(1ms);
        static_cast<void>(device.poll_timeout());
        run();
    }
    EXPECT_EQ(received, paste);
}

TEST_F(ALinuxDriver, PrintsOnTheConsoleByPolling)
{
    open();
    const std::uint32_t mask = read(imr);
    write(idr, mask);
    for (const char c : std::string{"[    0.000000] Booting"})
    {
        ASSERT_EQ(read(sr) & sr_tful, 0U);
        send({&c, 1});
    }
    ASSERT_EQ(read(sr) & (sr_tempty | 1U << 11), sr_tempty) << "empty, transmitter idle";
    write(ier, mask);
    EXPECT_EQ(sink.output, "[    0.000000] Booting");
    EXPECT_EQ(read(imr), mask);
}

TEST_F(ALinuxDriver, LeavesASilentDeviceBehindWhenItCloses)
{
    open();
    type("unread");
    write(idr, read(imr));
    write(isr, 0xffff'ffff);
    write(cr, cr_txdis | cr_rxdis);
    pass(1ms);
    static_cast<void>(device.poll_timeout());
    EXPECT_FALSE(irq.level);
    open();
    EXPECT_EQ(drain(), "") << "what was typed to nobody is gone";
}

/// The interrupt handler of Xilinx' standalone driver: it acknowledges last.
struct AStandaloneDriver : testing::Test, UartBench
{
    std::string to_send;
    std::string received;
    std::size_t wanted{};

    void handle_interrupt()
    {
        const std::uint32_t raised = read(imr) & read(isr);
        if ((raised & (irq_rtrig | irq_rempty | irq_rful | irq_tout)) != 0)
        {
            while (received.size() < wanted && (read(sr) & sr_rempty) == 0)
                received.push_back(static_cast<char>(read(fifo)));
        }
        if ((raised & (irq_tempty | irq_tful)) != 0)
        {
            if (to_send.empty())
                write(idr, irq_tempty | irq_tful);
            for (std::size_t left = std::min<std::size_t>(to_send.size(), 64); left != 0; --left)
            {
                send(to_send.substr(0, 1));
                to_send.erase(0, 1);
            }
        }
        write(isr, raised);
    }

    void run()
    {
        for (int i = 0; irq.level; ++i)
        {
            ASSERT_LT(i, 10'000) << "an interrupt that does not end";
            handle_interrupt();
        }
    }
};

TEST_F(AStandaloneDriver, SendsABufferThoughItAcknowledgesLast)
{
    enable();
    to_send = std::string(300, 'q');
    write(ier, irq_tempty);
    run();
    EXPECT_EQ(sink.output, std::string(300, 'q'));
}

TEST_F(AStandaloneDriver, ReceivesABufferByTriggerAndTimeout)
{
    enable();
    write(rtrig, 32);
    write(rtor, 8);
    write(ier, irq_tout | irq_rovr | irq_rful | irq_rtrig);
    wanted = 40;
    EXPECT_EQ(type(std::string(40, 'r')), 40U);
    run();
    pass(10ms);
    static_cast<void>(device.poll_timeout());
    run();
    EXPECT_EQ(received, std::string(40, 'r'));
    EXPECT_FALSE(irq.level);
}

TEST_F(AStandaloneDriver, EchoesEachByteOnInterrupt)
{
    enable();
    write(rtrig, 1);
    write(ier, irq_rtrig);
    for (const char c : std::string{"echo me"})
    {
        type({&c, 1});
        ASSERT_TRUE(irq.level);
        send(drain());
        write(isr, irq_rtrig);
        ASSERT_FALSE(irq.level);
    }
    EXPECT_EQ(sink.output, "echo me");
}

TEST_F(AStandaloneDriver, PassesItsSelfTestInLocalLoopback)
{
    const std::uint32_t mode = read(mr);
    enable();
    write(mr, mode | 2U << mr_chmode_shift);
    for (const char c : std::string{"abcdefghABCDEFGH012345677654321"})
    {
        send({&c, 1});
        ASSERT_EQ(read(sr) & sr_rempty, 0U);
        EXPECT_EQ(read(fifo), static_cast<unsigned char>(c));
    }
    write(mr, mode);
    EXPECT_EQ(sink.output, "");
}

TEST_F(AStandaloneDriver, FindsResetValuesAfterItsResetSequence)
{
    enable();
    write(idr, 0x3fff);
    write(cr, cr_rxdis | cr_txdis);
    write(cr, cr_rxrst | cr_txrst);
    ASSERT_EQ(read(cr), 0U);
    write(isr, 0x3fff);
    EXPECT_EQ(read(isr), irq_rempty | irq_tempty) << "only what is so";
    write(cr, cr_reset);
    EXPECT_EQ(read(cr), 0x128U);
    EXPECT_FALSE(irq.level);
}

} // namespace
} // namespace aliasvm::devices
