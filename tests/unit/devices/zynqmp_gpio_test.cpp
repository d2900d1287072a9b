// SPDX-License-Identifier: Apache-2.0
// The emulated GPIO controller and its push button.
#include "devices/emulated/zynqmp_gpio.hpp"

#include "tests/unit/devices/fake_irq_line.hpp"

#include <array>
#include <random>

#include <gtest/gtest.h>

namespace aliasvm::devices
{
namespace
{

constexpr std::uint64_t data = 0x40;
constexpr std::uint64_t data_ro = 0x60;
constexpr std::uint64_t dirm = 0x204;
constexpr std::uint64_t oen = 0x208;
constexpr std::uint64_t int_mask = 0x20c;
constexpr std::uint64_t int_en = 0x210;
constexpr std::uint64_t int_dis = 0x214;
constexpr std::uint64_t int_stat = 0x218;
constexpr std::uint64_t int_type = 0x21c;
constexpr std::uint64_t int_polarity = 0x220;
constexpr std::uint64_t int_any = 0x224;
constexpr std::uint32_t button = 1U << 22;
constexpr std::uint32_t mio_pins = 0x03ff'ffff;

struct AnEmulatedGpio : testing::Test
{
    std::uint32_t read(std::uint64_t offset)
    {
        return static_cast<std::uint32_t>(device.read(offset, 4));
    }
    void write(std::uint64_t offset, std::uint32_t value) { device.write(offset, 4, value); }
    void change(std::uint64_t offset, std::uint32_t bit, bool set)
    {
        write(offset, set ? read(offset) | bit : read(offset) & ~bit);
    }
    /// As Linux sets a trigger, with acknowledge and enable at the end.
    void listen(bool edge, bool high, bool any)
    {
        change(int_type, button, edge);
        change(int_polarity, button, high);
        change(int_any, button, any);
        write(int_stat, button);
        write(int_en, button);
    }

    FakeIrqLine irq;
    ZynqmpGpio device{irq};
};

TEST_F(AnEmulatedGpio, HasTheResetValuesThatTheManualLists)
{
    for (std::uint64_t n = 0; n < ZynqmpGpio::banks; ++n)
    {
        const std::uint32_t all = n < 3 ? mio_pins : 0xffff'ffff;
        EXPECT_EQ(read(8 * n), 0U);
        EXPECT_EQ(read(8 * n + 4), 0U);
        EXPECT_EQ(read(data + 4 * n), 0U);
        EXPECT_EQ(read(data_ro + 4 * n), 0U);
        EXPECT_EQ(read(dirm + 0x40 * n), 0U);
        EXPECT_EQ(read(int_mask + 0x40 * n), all);
        EXPECT_EQ(read(int_stat + 0x40 * n), 0U);
        EXPECT_EQ(read(int_type + 0x40 * n), all);
        EXPECT_EQ(read(int_polarity + 0x40 * n), 0U);
        EXPECT_EQ(read(int_any + 0x40 * n), 0U);
    }
    EXPECT_EQ(irq.rises, 0U);
}

TEST_F(AnEmulatedGpio, KeepsWhatItsBanksAreTold)
{
    for (std::uint64_t n = 0; n < ZynqmpGpio::banks; ++n)
    {
        const std::uint32_t all = n < 3 ? mio_pins : 0xffff'ffff;
        for (const std::uint64_t offset : {dirm, oen, int_type, int_polarity, int_any})
        {
            write(offset + 0x40 * n, 0xffff'ffff);
            EXPECT_EQ(read(offset + 0x40 * n), all) << std::hex << offset << " bank " << n;
        }
        write(int_en + 0x40 * n, 0x11);
        EXPECT_EQ(read(int_mask + 0x40 * n), all & ~0x11U);
        write(int_dis + 0x40 * n, 0x10);
        EXPECT_EQ(read(int_mask + 0x40 * n), all & ~0x01U);
        write(int_mask + 0x40 * n, 0);
        EXPECT_EQ(read(int_mask + 0x40 * n), all & ~0x01U) << "read only";
    }
}

TEST_F(AnEmulatedGpio, ReadsNothingBeyondItsRegisters)
{
    for (const std::uint64_t offset : {0x030, 0x058, 0x078, 0x200, 0x228, 0x384, 0xffc})
    {
        write(offset, 0xffff'ffff);
        EXPECT_EQ(read(offset), 0U) << std::hex << offset;
    }
}

TEST_F(AnEmulatedGpio, ShowsTheButtonOnItsPin)
{
    device.press();
    EXPECT_EQ(read(data_ro), button);
    EXPECT_EQ(read(data), button) << "where old drivers look";
    device.release();
    EXPECT_EQ(read(data_ro), 0U);
    EXPECT_EQ(irq.rises, 0U) << "all is masked";
}

TEST_F(AnEmulatedGpio, DrivesAPinOnlyWhenItsOutputIsEnabled)
{
    write(data, 0x5);
    write(dirm, 0x7);
    EXPECT_EQ(read(data_ro), 0U);
    EXPECT_EQ(read(data), 0x5U);
    write(oen, 0x3);
    EXPECT_EQ(read(data_ro), 0x1U);
}

TEST_F(AnEmulatedGpio, ChangesOnlyTheUnmaskedBitsOfAHalf)
{
    write(dirm + 0x80, 0xffff'ffff);
    write(data + 8, 0x00ff'00ff);
    write(0x10, 0xfff0'000a); // bank 2, lower half, bits 3:0
    EXPECT_EQ(read(data + 8), 0x00ff'00fa);
    EXPECT_EQ(read(0x10), 0x00faU);
    write(0x14, 0x00ff'0100); // upper half, bits 15:8, of which the bank has two
    EXPECT_EQ(read(data + 8), 0x01ff'00faU);
    EXPECT_EQ(read(0x14), 0x01ffU);
}

struct EdgeCase
{
    bool high;
    bool any;
    bool on_press;
    bool on_release;
};

TEST_F(AnEmulatedGpio, InterruptsOnTheEdgesThatWereAskedFor)
{
    constexpr std::array cases{
        EdgeCase{true, false, true, false},
        EdgeCase{false, false, false, true},
        EdgeCase{false, true, true, true},
        EdgeCase{true, true, true, true},
    };
    for (const EdgeCase& c : cases)
    {
        listen(true, c.high, c.any);
        ASSERT_FALSE(irq.level);
        device.press();
        EXPECT_EQ(irq.level, c.on_press);
        EXPECT_EQ(read(int_stat), c.on_press ? button : 0);
        write(int_stat, button);
        EXPECT_FALSE(irq.level);
        device.release();
        EXPECT_EQ(irq.level, c.on_release);
        write(int_stat, button);
        EXPECT_FALSE(irq.level);
    }
}

TEST_F(AnEmulatedGpio, RemembersAnEdgeThatIsOver)
{
    listen(true, true, false);
    device.press();
    device.release();
    EXPECT_TRUE(irq.level);
    write(int_stat, button);
    EXPECT_FALSE(irq.level);
}

TEST_F(AnEmulatedGpio, PressesOnlyOnce)
{
    listen(true, true, true);
    device.press();
    write(int_stat, button);
    device.press();
    EXPECT_FALSE(irq.level) << "it is down already";
}

TEST_F(AnEmulatedGpio, InterruptsForAsLongAsALevelLasts)
{
    listen(false, true, false);
    EXPECT_FALSE(irq.level);
    device.press();
    EXPECT_TRUE(irq.level);
    write(int_stat, button);
    EXPECT_TRUE(irq.level);
    device.release();
    EXPECT_FALSE(irq.level);

    listen(false, false, false);
    EXPECT_TRUE(irq.level) << "low is the level asked for now";
    device.press();
    EXPECT_FALSE(irq.level);
}

TEST_F(AnEmulatedGpio, IsSilentWhileMaskedAndCatchesUp)
{
    listen(true, true, false);
    write(int_dis, button);
    device.press();
    EXPECT_FALSE(irq.level);
    EXPECT_EQ(read(int_stat), button);
    write(int_en, button);
    EXPECT_TRUE(irq.level);
}

TEST_F(AnEmulatedGpio, HasALineThatIsTheOrOfAllUnmaskedInterruptsWhateverIsWritten)
{
    std::mt19937_64 random{7};
    constexpr std::array<std::uint8_t, 4> widths{1, 2, 4, 8};
    for (int i = 0; i < 100'000; ++i)
    {
        const std::uint8_t width = widths[random() % 4];
        const std::uint64_t offset =
            random() % 2 != 0 ? random() % (0x400 - 8) : random() % (0x1000 - 8);
        switch (random() % 4)
        {
        case 0:
            static_cast<void>(device.read(offset, width));
            break;
        case 1:
            random() % 2 != 0 ? device.press() : device.release();
            break;
        default:
            device.write(offset, width, random() & random());
            break;
        }
        bool expected = false;
        for (std::uint64_t n = 0; n < ZynqmpGpio::banks; ++n)
            expected |= (read(int_stat + 0x40 * n) & ~read(int_mask + 0x40 * n)) != 0;
        ASSERT_EQ(irq.level, expected) << "step " << i;
    }
}

} // namespace
} // namespace aliasvm::devices
