// SPDX-License-Identifier: Apache-2.0
// Quiesce sequences against register models; the UART's is the one that guests get.
#include "common/quiesce/quiesce.hpp"

#include "tests/unit/quiesce/register_models.hpp"
#include "tests/unit/quiesce/uart_window.hpp"

#include <array>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace aliasvm::quiesce
{
namespace
{

using Names = std::vector<std::string>;

const Names uart_names{"xlnx,zynqmp-uart", "cdns,uart-r1p12"};
const Names ttc_names{"cdns,ttc"};
const Names can_names{"xlnx,zynq-can-1.0"};
const Names i2c_names{"cdns,i2c-r1p14"};
const Names spi_names{"cdns,spi-r1p6"};
const Names gem_names{"xlnx,zynqmp-gem", "cdns,gem"};

TEST(Quiesce, LeavesAUartSilentAndReceivingWhateverItsOwnerDid)
{
    std::mt19937 random{1};
    for (int round = 0; round < 200; ++round)
    {
        UartWindow window;
        for (int n = 0; n < 100; ++n)
            window.write(random() % 0x4c & ~3U, static_cast<std::uint32_t>(random()));

        EXPECT_EQ(bring_to_rest(uart_names, window), Rest::at_rest);

        EXPECT_FALSE(window.line.high);
        EXPECT_EQ(window.read(uart::imr), 0U);
        EXPECT_EQ(window.read(uart::sr) & 0x80aU, 0x00aU) << "both empty, idle";
        EXPECT_EQ(window.read(uart::modemcr), 0U) << "no flow control";
        EXPECT_EQ(window.read(uart::flowdel), 0U);
        // Normal mode: what comes in stays in, and goes to the next owner.
        const std::size_t sent = window.sink.sent;
        const std::array bytes{std::byte{'a'}, std::byte{'b'}};
        EXPECT_EQ(window.device.receive(bytes), 2U);
        EXPECT_EQ(window.sink.sent, sent);
        EXPECT_EQ(window.read(uart::fifo), 'a');
        EXPECT_EQ(window.read(uart::fifo), 'b');
    }
}

TEST(Quiesce, SaysSoWhenAUartNeverComesOutOfItsReset)
{
    RegisterModel window; // its reset bits do not clear themselves
    EXPECT_EQ(bring_to_rest(uart_names, window), Rest::still_busy);
    EXPECT_EQ(window[uart::idr], 0xffff'ffffU) << "its interrupts are masked all the same";
}

TEST(Quiesce, StopsAllCountersOfATtcAndTakesTheirInterrupts)
{
    TtcModel window;
    for (std::uint32_t offset = 0; offset < 0x84; offset += 4)
        window.held[offset] = 0x5a;
    EXPECT_EQ(bring_to_rest(ttc_names, window), Rest::at_rest);
    for (std::uint32_t counter = 0; counter < 12; counter += 4)
    {
        EXPECT_EQ(window[ttc::counter_control + counter], 0x21U) << "counter is off";
        EXPECT_EQ(window[ttc::interrupt_enable + counter], 0U);
        EXPECT_EQ(window[ttc::interrupt_status + counter], 0U) << "taken";
        EXPECT_EQ(window[ttc::interval + counter], 0U);
        EXPECT_EQ(window[0x3c + counter], 0U) << "match";
        EXPECT_EQ(window[ttc::event_control + counter], 0U);
    }
}

TEST(Quiesce, TakesACanControllerOffTheBusWithItsFilters)
{
    CanModel window;
    window.held[can::software_reset] = can::enable;
    window.held[can::interrupt_enable] = 0xff;
    window.held[can::filter_use] = 3;
    EXPECT_EQ(bring_to_rest(can_names, window), Rest::at_rest);
    EXPECT_EQ(window[can::interrupt_enable], 0U);
    EXPECT_EQ(window[can::status], can::in_configuration_mode);
    EXPECT_EQ(window[can::filter_use], 0U);
    EXPECT_EQ(window.refused, 0);
    EXPECT_EQ(window[can::interrupt_clear], can::every_interrupt);
}

TEST(Quiesce, SaysSoWhenACanControllerDoesNotReset)
{
    CanModel window;
    window.stuck = true;
    EXPECT_EQ(bring_to_rest(can_names, window), Rest::still_busy);
    EXPECT_EQ(window[can::interrupt_enable], 0U);
}

TEST(Quiesce, EndsATransferOfAnI2cMaster)
{
    I2cModel window;
    window.held[i2c::control] = i2c::master | i2c::hold_bus | i2c::monitor_slave | 0xc;
    window.held[i2c::transfer_size] = 9;
    window.held[i2c::status] = i2c::bus_active;
    window.held[i2c::interrupt_status] = 0x2ff;
    window.held[i2c::interrupt_mask] = 0;
    window.bus_held = 30;
    EXPECT_EQ(bring_to_rest(i2c_names, window), Rest::at_rest);
    EXPECT_EQ(window.bus_held, 0) << "it waited until the byte was through";
    EXPECT_EQ(window[i2c::control], 0U);
    EXPECT_EQ(window[i2c::transfer_size], 0U);
    EXPECT_EQ(window[i2c::interrupt_status], 0U);
    EXPECT_EQ(window[i2c::interrupt_mask], i2c::every_interrupt);
    EXPECT_EQ(window.transfers, 0);
}

TEST(Quiesce, LeavesAnI2cBusThatSomebodyElseHolds)
{
    I2cModel window;
    window.held[i2c::control] = i2c::master;
    window.held[i2c::status] = i2c::bus_active; // for ever
    EXPECT_EQ(bring_to_rest(i2c_names, window), Rest::at_rest);
    EXPECT_EQ(window[i2c::control], 0U);
    EXPECT_EQ(window[i2c::interrupt_mask], i2c::every_interrupt);
}

TEST(Quiesce, SaysSoWhenTheFifoOfAnI2cControllerDoesNotClear)
{
    I2cModel window;
    window.stuck = true;
    EXPECT_EQ(bring_to_rest(i2c_names, window), Rest::still_busy);
}

TEST(Quiesce, DisablesAnSpiControllerAndDrainsIt)
{
    SpiModel window;
    window.fifo.resize(128);
    window.held[spi::receive_threshold] = 127;
    window.held[spi::enable] = 1;
    window.held[spi::configuration] = 0x7c0f;
    window.held[spi::interrupt_mask] = 0x7f;
    window.held[spi::interrupt_status] = 0x6b;
    EXPECT_EQ(bring_to_rest(spi_names, window), Rest::at_rest);
    EXPECT_TRUE(window.fifo.empty());
    EXPECT_EQ(window[spi::enable], 0U);
    EXPECT_EQ(window[spi::interrupt_mask], 0U);
    EXPECT_EQ(window[spi::interrupt_status], 0U);
    EXPECT_EQ(window[spi::configuration], 0x2'0000U);
}

TEST(Quiesce, SaysSoWhenAnSpiControllerNeverRunsEmpty)
{
    SpiModel window;
    window.fifo.resize(1);
    window.stuck = true;
    EXPECT_EQ(bring_to_rest(spi_names, window), Rest::still_busy);
    EXPECT_EQ(window[spi::enable], 0U);
}

/// Every way of taking frames that its owner may have switched on.
void run_gem(GemModel& window, std::uint32_t configuration)
{
    for (std::uint32_t offset = 0; offset < 0x28; offset += 4)
        window.held[offset] = 0x1000 * (offset + 1);
    window.held[gem::network_status] = gem::phy_management_idle;
    window.held[gem::interrupt_mask] = 0;
    window.held[gem::interrupt_mask_q1] = 0;
    window.write(gem::addresses, 0x1234'5678);
    window.write(gem::addresses + 4, 0x9abc);
    window.write(gem::type_matches, 0x8000'0800);
    window.held[gem::network_configuration] = configuration;
    window.write(gem::network_control, 0x1c);
}

TEST(Quiesce, StopsTheDmaOfAGemOnABusyWireBeforeItTakesItsQueuesAway)
{
    for (const std::uint32_t configuration : {0x0U, 0x20U, 0x30U, 0x2e0U, 0xffff'ffffU})
    {
        GemModel window;
        run_gem(window, configuration);
        ASSERT_TRUE(window.receives());
        ASSERT_TRUE(window.transmits());

        EXPECT_EQ(bring_to_rest(gem_names, window), Rest::at_rest) << configuration;

        EXPECT_EQ(window.pulled_away, 0);
        EXPECT_EQ(window.frame_left, 0) << "the frame on the wire was let through";
        for (const std::uint32_t offset :
             {gem::network_control, gem::transmit_queue, gem::receive_queue, gem::transmit_queue_q1,
              gem::receive_queue_q1, gem::transmit_queue_msb, gem::receive_queue_msb,
              gem::interrupt_status, gem::interrupt_status_q1})
            EXPECT_EQ(window[offset], 0U) << std::hex << offset;
        EXPECT_EQ(window[gem::network_configuration], 0x8'0000U);
        EXPECT_EQ(window[gem::interrupt_mask], 0x7fff'ffffU);
        EXPECT_EQ(window[gem::interrupt_mask_q1], 0xcfeU);
        EXPECT_EQ(window.active, (std::array<bool, 4>{}));
    }
}

TEST(Quiesce, BlocksAGemWhoseDmaDoesNotStop)
{
    GemModel window;
    run_gem(window, 0);
    window.stuck = true;
    EXPECT_EQ(bring_to_rest(gem_names, window), Rest::still_busy);
    EXPECT_EQ(window[gem::interrupt_mask], 0x7fff'ffffU);
    EXPECT_NE(window[gem::receive_queue], 0U) << "it may still write there";
    EXPECT_EQ(window[gem::network_control] & 0xc, 0U) << "and is told to stop";
    EXPECT_EQ(window.pulled_away, 0);
    EXPECT_LT(window.reads.size(), 1'000'000U) << "bounded";
}

TEST(Quiesce, BlocksAGemWhosePhyManagementHangs)
{
    GemModel window;
    run_gem(window, 0);
    window.held[gem::network_status] = 0;
    EXPECT_EQ(bring_to_rest(gem_names, window), Rest::still_busy);
    EXPECT_EQ(window[gem::network_control] & 0xc, 0U);
}

TEST(Quiesce, LooksThroughAllCompatibleStrings)
{
    UartWindow window;
    window.write(uart::ier, 0x3fff);
    EXPECT_EQ(bring_to_rest(Names{"vendor,special-uart", "cdns,uart-r1p12"}, window),
              Rest::at_rest);
    EXPECT_EQ(window.read(uart::imr), 0U);
}

TEST(Quiesce, LeavesADeviceAloneThatItDoesNotKnow)
{
    RegisterModel window;
    EXPECT_EQ(bring_to_rest(Names{"xlnx,zynqmp-8.9a", "arasan,sdhci-8.9a"}, window),
              Rest::no_sequence);
    EXPECT_EQ(bring_to_rest(Names{}, window), Rest::no_sequence);
    EXPECT_TRUE(window.reads.empty());
    EXPECT_TRUE(window.writes.empty());
    EXPECT_FALSE(has_sequence(Names{"xlnx,zynqmp-8.9a", "arasan,sdhci-8.9a"}));
    EXPECT_TRUE(has_sequence(Names{"somebody,uart", "cdns,uart-r1p12"}));
    EXPECT_FALSE(has_sequence({}));
}

} // namespace
} // namespace aliasvm::quiesce
