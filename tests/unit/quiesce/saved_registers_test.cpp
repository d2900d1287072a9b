// SPDX-License-Identifier: Apache-2.0
// Save, bring to rest, restore: the settings are what they were.
#include "common/quiesce/saved_registers.hpp"

#include "common/quiesce/quiesce.hpp"
#include "tests/unit/quiesce/register_models.hpp"
#include "tests/unit/quiesce/uart_window.hpp"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace aliasvm::quiesce
{
namespace
{

using Names = std::vector<std::string>;

constexpr int rounds = 100;

TEST(SavedRegisters, BringBackEveryRegisterOfAUartThatCanBeRead)
{
    std::mt19937 random{2};
    const Names names{"xlnx,zynqmp-uart", "cdns,uart-r1p12"};
    constexpr std::array readable{uart::cr,      uart::mr,    uart::imr,     uart::baudgen,
                                  uart::rtor,    uart::rtrig, uart::modemcr, uart::bauddiv,
                                  uart::flowdel, uart::ttrig};
    for (int round = 0; round < rounds; ++round)
    {
        UartWindow window;
        for (int n = 0; n < 100; ++n)
            window.write(random() % 0x4c & ~3U, static_cast<std::uint32_t>(random()));
        std::vector<std::uint32_t> before;
        for (const std::uint32_t offset : readable)
            before.push_back(window.read(offset));

        const auto saved = SavedRegisters::save(names, window);
        ASSERT_EQ(bring_to_rest(names, window), Rest::at_rest);
        saved.restore(window);

        for (std::size_t i = 0; i < before.size(); ++i)
            EXPECT_EQ(window.read(readable.at(i)), before[i]) << std::hex << readable.at(i);
    }
}

TEST(SavedRegisters, LetAUartGoOnWithItsInterrupt)
{
    const Names names{"xlnx,zynqmp-uart"};
    UartWindow window;
    window.write(uart::rtrig, 1);
    window.write(uart::cr, uart::cr_rxen | uart::cr_txen);
    window.write(uart::ier, 1);
    const auto saved = SavedRegisters::save(names, window);
    ASSERT_EQ(bring_to_rest(names, window), Rest::at_rest);
    saved.restore(window);
    const std::array byte{std::byte{'x'}};
    EXPECT_EQ(window.device.receive(byte), 1U);
    EXPECT_TRUE(window.line.high);
}

/// Settings with random values in these registers come back; the model starts from `window`.
void expect_back(RegisterModel& window, const Names& names,
                 const std::vector<std::uint32_t>& settings)
{
    const auto saved = SavedRegisters::save(names, window);
    EXPECT_TRUE(window.writes.empty()) << "saving changes nothing";
    std::map<std::uint32_t, std::uint32_t> before;
    for (const std::uint32_t offset : settings)
        before[offset] = window[offset];
    ASSERT_EQ(bring_to_rest(names, window), Rest::at_rest);
    saved.restore(window);
    for (const auto& [offset, value] : before)
        EXPECT_EQ(window[offset], value) << names.front() << " " << std::hex << offset;
}

std::vector<std::uint32_t> every_word(std::uint32_t from, std::uint32_t end)
{
    std::vector<std::uint32_t> offsets;
    for (std::uint32_t offset = from; offset < end; offset += 4)
        offsets.push_back(offset);
    return offsets;
}

TEST(SavedRegisters, BringBackTheCountersOfATtc)
{
    std::mt19937 random{3};
    for (int round = 0; round < rounds; ++round)
    {
        TtcModel window;
        std::vector<std::uint32_t> settings;
        for (const std::uint32_t first : {0x00U, 0x0cU, 0x24U, 0x30U, 0x3cU, 0x48U, 0x60U, 0x6cU})
        {
            for (const std::uint32_t offset : every_word(first, first + 12))
                settings.push_back(offset);
        }
        for (const std::uint32_t offset : settings)
            window.held[offset] = random() & 0x6f;
        expect_back(window, {"cdns,ttc"}, settings);
        for (std::size_t i = window.writes.size() - 3; i < window.writes.size(); ++i)
            EXPECT_TRUE(window.writes[i].first >= 0x0c && window.writes[i].first < 0x18)
                << "counters start last";
    }
}

TEST(SavedRegisters, BringACanControllerBackOntoTheBus)
{
    std::mt19937 random{4};
    for (int round = 0; round < rounds; ++round)
    {
        CanModel window;
        std::vector<std::uint32_t> settings = every_word(can::filters, can::filters_end);
        for (const std::uint32_t offset : {can::mode_select, can::baud_prescaler, can::bit_timing,
                                           can::interrupt_enable, can::watermark, can::filter_use})
            settings.push_back(offset);
        for (const std::uint32_t offset : settings)
            window.held[offset] = random() & 0xff;
        window.held[can::software_reset] = can::enable;
        settings.push_back(can::software_reset);
        expect_back(window, {"xlnx,zynq-can-1.0"}, settings);
        EXPECT_EQ(window.refused, 0) << "filters before their use, timing before the start";
        EXPECT_EQ(window[can::status], 0x8U) << "it runs";
    }
}

TEST(SavedRegisters, BringBackAnI2cControllerWithoutStartingATransfer)
{
    std::mt19937 random{5};
    for (int round = 0; round < rounds; ++round)
    {
        I2cModel window;
        const bool is_master = round % 2 == 0;
        for (const std::uint32_t offset : {i2c::slave_pause, i2c::time_out})
            window.held[offset] = random() & 0xff;
        window.held[i2c::interrupt_mask] = random() & i2c::every_interrupt;
        window.held[i2c::control] = (random() & 0xff0c) | (is_master ? i2c::master : 0);
        window.held[i2c::address] = 0x50;
        std::vector<std::uint32_t> settings{i2c::control, i2c::slave_pause, i2c::time_out,
                                            i2c::interrupt_mask};
        if (!is_master)
            settings.push_back(i2c::address);
        expect_back(window, {"cdns,i2c-r1p14"}, settings);
        EXPECT_EQ(window.transfers, 0);
    }
}

TEST(SavedRegisters, BringBackAnSpiController)
{
    std::mt19937 random{6};
    for (int round = 0; round < rounds; ++round)
    {
        SpiModel window;
        const std::vector<std::uint32_t> settings{
            spi::configuration,     spi::delay,  spi::slave_idle_count, spi::transmit_threshold,
            spi::receive_threshold, spi::enable, spi::interrupt_mask};
        for (const std::uint32_t offset : settings)
            window.held[offset] = random() & 0x7f;
        expect_back(window, {"cdns,spi-r1p6"}, settings);
        EXPECT_EQ(window.writes.back().first, spi::enable);
    }
}

TEST(SavedRegisters, BringBackTheSettingsOfAGemAndStartItLast)
{
    std::mt19937 random{7};
    for (int round = 0; round < 20; ++round)
    {
        GemModel window;
        std::vector<std::uint32_t> settings{
            gem::network_configuration, gem::dma_configuration, gem::longest_frame,
            gem::hash_bottom,           gem::hash_top,          gem::timer_increment,
            gem::buffer_size_q1,        gem::transmit_queue,    gem::receive_queue,
            gem::transmit_queue_q1,     gem::receive_queue_q1,  gem::transmit_queue_msb,
            gem::receive_queue_msb};
        for (const std::uint32_t offset : settings)
            window.held[offset] = static_cast<std::uint32_t>(random());
        window.held[gem::network_configuration] |= gem::no_broadcast; // a quiet wire
        window.held[gem::network_configuration] &= ~(gem::copy_all | gem::match_hash_and_external);
        window.held[gem::interrupt_mask] = random() & 0x7fff'ffff;
        window.held[gem::interrupt_mask_q1] = random() & 0xcfe;
        window.held[gem::network_control] = 0x10 | (random() & 0x4);
        const bool has_address = round % 2 == 0;
        if (has_address)
            window.held[gem::addresses] = 0x1234'5678;
        for (const std::uint32_t offset :
             {gem::interrupt_mask, gem::interrupt_mask_q1, gem::network_control, gem::addresses})
            settings.push_back(offset);
        expect_back(window, {"xlnx,zynqmp-gem", "cdns,gem"}, settings);
        EXPECT_EQ(window.active, (std::array{has_address, false, false, false}));
        EXPECT_EQ(window.writes.back().first, gem::network_control);
        EXPECT_EQ(window.pulled_away, 0);
    }
}

TEST(SavedRegisters, DoNotStartWhatAGemDoesOnce)
{
    GemModel window;
    window.held[gem::network_control] = 0xffff'ffff;
    const auto saved = SavedRegisters::save(Names{"xlnx,zynqmp-gem"}, window);
    saved.restore(window);
    EXPECT_EQ(window.writes.back().second & gem::one_shot_control, 0U);
    EXPECT_EQ(window.writes.back().second & 0xcU, 0xcU);
}

TEST(SavedRegisters, AreNoneForADeviceThatIsNotKnown)
{
    RegisterModel window;
    const auto saved = SavedRegisters::save(Names{"xlnx,zynqmp-gpio-1.0"}, window);
    saved.restore(window);
    EXPECT_TRUE(window.reads.empty());
    EXPECT_TRUE(window.writes.empty());
}

} // namespace
} // namespace aliasvm::quiesce
