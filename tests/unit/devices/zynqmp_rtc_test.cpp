// SPDX-License-Identifier: Apache-2.0
// The emulated real-time clock, over a clock that moves when it is told to.
#include "devices/emulated/zynqmp_rtc.hpp"

#include "tests/unit/devices/fake_irq_line.hpp"

#include <array>
#include <random>

#include <gtest/gtest.h>

namespace aliasvm::devices
{
namespace
{

using namespace std::chrono_literals;

constexpr std::uint64_t set_time_write = 0x00;
constexpr std::uint64_t set_time_read = 0x04;
constexpr std::uint64_t calib_write = 0x08;
constexpr std::uint64_t calib_read = 0x0c;
constexpr std::uint64_t current_time = 0x10;
constexpr std::uint64_t current_tick = 0x14;
constexpr std::uint64_t alarm = 0x18;
constexpr std::uint64_t rtc_int_status = 0x20;
constexpr std::uint64_t rtc_int_mask = 0x24;
constexpr std::uint64_t rtc_int_en = 0x28;
constexpr std::uint64_t rtc_int_dis = 0x2c;
constexpr std::uint64_t control = 0x40;
constexpr std::uint64_t safety_chk = 0x50;
constexpr std::uint32_t second_bit = 1;
constexpr std::uint32_t alarm_bit = 2;

constexpr std::uint32_t start = 1'800'000'000; // 2027

struct FakeClock final : WallClock
{
    Time now() noexcept override { return time; }
    void wake_at(std::optional<Time> when) noexcept override
    {
        wake = when;
        ++asked;
    }

    Time time{std::chrono::seconds{start} + 250ms};
    std::optional<Time> wake;
    unsigned asked{};
};

struct AnEmulatedRtc : testing::Test
{
    std::uint32_t read(std::uint64_t offset)
    {
        return static_cast<std::uint32_t>(device.read(offset, 4));
    }
    void write(std::uint64_t offset, std::uint32_t value) { device.write(offset, 4, value); }

    /// Time goes by, and the main loop serves what has come; how often it was woken.
    unsigned pass(WallClock::Time time)
    {
        const WallClock::Time end = clock.time + time;
        unsigned woken = 0;
        while (clock.wake && *clock.wake <= end)
        {
            clock.time = std::max(clock.time, *clock.wake);
            clock.wake.reset();
            device.serve();
            ++woken;
        }
        clock.time = end;
        return woken;
    }
    /// Somebody sets the host's clock.
    void set_host(WallClock::Time by)
    {
        clock.time += by;
        if (clock.wake)
            device.serve();
    }
    /// As Linux and U-Boot set and get it.
    void set_as_linux(std::uint32_t time)
    {
        write(calib_write, 0x7fff);
        write(set_time_write, time + 1);
        write(rtc_int_status, second_bit);
    }
    std::uint32_t get_as_linux()
    {
        return (read(rtc_int_status) & second_bit) != 0 ? read(current_time)
                                                        : read(set_time_read) - 1;
    }
    /// As a handler that wants the next one.
    void listen(std::uint32_t bits)
    {
        write(rtc_int_status, bits);
        write(rtc_int_en, bits);
    }

    FakeIrqLine alarm_line;
    FakeIrqLine seconds_line;
    FakeClock clock;
    ZynqmpRtc device{alarm_line, seconds_line, clock};
};

TEST_F(AnEmulatedRtc, IsFoundRunningWithTheTimeOfTheHost)
{
    EXPECT_EQ(read(current_time), start);
    EXPECT_EQ(read(set_time_read), start);
    EXPECT_EQ(read(current_tick), 32768 / 4);
    EXPECT_EQ(read(calib_read), 0x7fff);
    EXPECT_EQ(read(alarm), 0);
    EXPECT_EQ(read(rtc_int_status), second_bit);
    EXPECT_EQ(read(rtc_int_mask), 3);
    EXPECT_EQ(read(control), 0x0100'0000);
    EXPECT_EQ(read(0x30), 0);
    EXPECT_EQ(read(0x34), 1);
    EXPECT_EQ(read(safety_chk), 0);
    for (std::uint64_t offset = 0x54; offset < ZynqmpRtc::window_size; offset += 4)
        EXPECT_EQ(read(offset), 0) << offset;
    EXPECT_FALSE(alarm_line.level);
    EXPECT_FALSE(seconds_line.level);
    EXPECT_EQ(clock.asked, 0U) << "nobody waits for anything";

    pass(1h);
    EXPECT_EQ(read(current_time), start + 3600);
    EXPECT_EQ(get_as_linux(), start + 3600);
}

TEST_F(AnEmulatedRtc, TakesTheTimeThatIsSetWhenASecondBegins)
{
    write(set_time_write, 1000);
    EXPECT_EQ(read(set_time_read), 1000);
    pass(749ms);
    EXPECT_EQ(read(current_time), start);
    pass(1ms);
    EXPECT_EQ(read(current_time), 1000);
    pass(10s);
    EXPECT_EQ(read(current_time), 1010);
    EXPECT_EQ(read(set_time_read), 1000);
    EXPECT_EQ(clock.asked, 0U);
}

TEST_F(AnEmulatedRtc, IsSetAsLinuxSetsItToTheTick)
{
    set_as_linux(5'000);
    EXPECT_EQ(read(current_tick), 0) << "writing the calibration begins a second";
    EXPECT_EQ(get_as_linux(), 5'000);
    EXPECT_EQ(read(current_time), start);
    pass(999ms);
    EXPECT_EQ(read(rtc_int_status) & second_bit, 0);
    EXPECT_EQ(get_as_linux(), 5'000);
    pass(1ms);
    EXPECT_EQ(get_as_linux(), 5'001);
    EXPECT_EQ(read(current_time), 5'001);
    pass(1h + 999ms);
    EXPECT_EQ(get_as_linux(), 5'001 + 3600);
    EXPECT_EQ(clock.time % 1s, 249ms) << "or the fraction that counts is not tested";
}

TEST_F(AnEmulatedRtc, LooksAtTheSetTimeOnlyOnceHoweverLateItIsLookedAt)
{
    write(set_time_write, 1000);
    pass(100s); // nobody reads
    EXPECT_EQ(read(current_time), 1099);
}

TEST_F(AnEmulatedRtc, HoldsCalibrationControlAndSafetyCheck)
{
    write(calib_write, 0xffff'ffff);
    EXPECT_EQ(read(calib_read), 0x1f'ffff);
    write(control, 0xffff'ffff);
    EXPECT_EQ(read(control), 0x8f00'0001);
    write(safety_chk, 0x1234'5678);
    EXPECT_EQ(read(safety_chk), 0x1234'5678);
    write(0x38, 1);
    EXPECT_EQ(read(0x34), 0);
    write(0x3c, 0xffff'ffff);
    EXPECT_EQ(read(0x34), 1);
    for (const std::uint64_t fixed : {set_time_read, calib_read, current_time, rtc_int_mask})
    {
        const std::uint32_t before = read(fixed);
        write(fixed, ~before);
        EXPECT_EQ(read(fixed), before) << fixed;
    }
}

TEST_F(AnEmulatedRtc, TellsEachSecondWhileThatIsWanted)
{
    listen(second_bit);
    EXPECT_FALSE(seconds_line.level);
    for (unsigned n = 1; n <= 5; ++n)
    {
        EXPECT_EQ(pass(1s), 1U);
        EXPECT_TRUE(seconds_line.level);
        EXPECT_EQ(seconds_line.rises, n);
        EXPECT_EQ(read(current_time), start + n);
        write(rtc_int_status, second_bit);
        EXPECT_FALSE(seconds_line.level);
    }
    EXPECT_FALSE(alarm_line.level);

    write(rtc_int_dis, second_bit);
    EXPECT_EQ(read(rtc_int_mask), 3);
    EXPECT_EQ(pass(1h), 0U);
    EXPECT_FALSE(seconds_line.level);
    EXPECT_EQ(read(rtc_int_status), second_bit) << "a second has passed, masked or not";
    write(rtc_int_en, second_bit);
    EXPECT_TRUE(seconds_line.level) << "and the line shows it once it is open";
}

TEST_F(AnEmulatedRtc, WakesNobodyForASecondThatIsNotAcknowledged)
{
    listen(second_bit);
    EXPECT_EQ(pass(1h), 1U);
    EXPECT_TRUE(seconds_line.level);
    EXPECT_FALSE(clock.wake);
    write(rtc_int_status, second_bit);
    EXPECT_FALSE(seconds_line.level);
    EXPECT_EQ(pass(1s), 1U);
    EXPECT_TRUE(seconds_line.level);
}

TEST_F(AnEmulatedRtc, TellsTheAlarmInItsSecondWithOneWaking)
{
    write(alarm, start + 3600);
    listen(alarm_bit);
    EXPECT_EQ(read(alarm), start + 3600);
    EXPECT_EQ(pass(3599s), 0U);
    EXPECT_FALSE(alarm_line.level);
    EXPECT_EQ(pass(1s), 1U);
    EXPECT_TRUE(alarm_line.level);
    EXPECT_FALSE(seconds_line.level);
    EXPECT_EQ(read(current_time), start + 3600);

    write(rtc_int_status, alarm_bit);
    EXPECT_EQ(read(rtc_int_status) & alarm_bit, alarm_bit)
        << "for as long as the second is the alarm's";
    EXPECT_TRUE(alarm_line.level);
    write(rtc_int_dis, alarm_bit);
    EXPECT_FALSE(alarm_line.level);
    pass(1s);
    EXPECT_EQ(read(rtc_int_status) & alarm_bit, alarm_bit) << "nobody has cleared it since";
    write(rtc_int_status, alarm_bit);
    EXPECT_EQ(read(rtc_int_status) & alarm_bit, 0);
    write(rtc_int_en, alarm_bit);
    EXPECT_FALSE(alarm_line.level);
}

TEST_F(AnEmulatedRtc, KeepsAnAlarmThatCameMasked)
{
    write(alarm, start + 10);
    EXPECT_EQ(pass(1h), 0U);
    EXPECT_FALSE(alarm_line.level);
    EXPECT_EQ(read(rtc_int_status) & alarm_bit, alarm_bit);
    write(rtc_int_en, alarm_bit);
    EXPECT_TRUE(alarm_line.level);
    write(rtc_int_status, alarm_bit);
    EXPECT_FALSE(alarm_line.level);
}

TEST_F(AnEmulatedRtc, HasTheAlarmOfThisSecondAtOnceAndThatOfThePastWhenTheCounterWraps)
{
    write(alarm, start);
    EXPECT_EQ(read(rtc_int_status) & alarm_bit, alarm_bit);
    write(alarm, start - 1);
    pass(1s);
    listen(alarm_bit);
    EXPECT_FALSE(alarm_line.level);
    ASSERT_TRUE(clock.wake);
    EXPECT_EQ(*clock.wake, std::chrono::seconds{start + (std::int64_t{1} << 32) - 1});
    EXPECT_EQ(pass(std::chrono::seconds{std::int64_t{1} << 32}), 1U);
    EXPECT_TRUE(alarm_line.level);
}

TEST_F(AnEmulatedRtc, WrapsAtTheEndOf32Bits)
{
    write(set_time_write, 0xffff'fffe);
    write(alarm, 1);
    listen(alarm_bit | second_bit);
    pass(750ms);
    EXPECT_EQ(read(current_time), 0xffff'fffe);
    write(rtc_int_status, second_bit);
    write(rtc_int_dis, second_bit);
    pass(1s);
    EXPECT_EQ(read(current_time), 0xffff'ffff);
    EXPECT_EQ(pass(1s), 0U);
    EXPECT_EQ(read(current_time), 0);
    EXPECT_FALSE(alarm_line.level);
    EXPECT_EQ(pass(1s), 1U);
    EXPECT_TRUE(alarm_line.level);
}

TEST_F(AnEmulatedRtc, LooksForTheAlarmInTheTimeThatIsBeingSet)
{
    write(alarm, 2'000);
    listen(alarm_bit);
    write(set_time_write, 1'999); // it was most of a century away
    EXPECT_EQ(pass(750ms), 1U);
    EXPECT_FALSE(alarm_line.level);
    EXPECT_EQ(pass(1s), 1U);
    EXPECT_TRUE(alarm_line.level);

    write(alarm, 3'000);
    pass(1s);
    write(rtc_int_status, alarm_bit);
    EXPECT_FALSE(alarm_line.level);
    write(set_time_write, 3'001); // jumps over it
    pass(100s);
    EXPECT_FALSE(alarm_line.level);
    write(set_time_write, 3'000); // and onto it
    pass(1s);
    EXPECT_TRUE(alarm_line.level);
}

TEST_F(AnEmulatedRtc, FollowsAHostWhoseClockIsSet)
{
    write(set_time_write, 1'000);
    pass(750ms);
    write(alarm, 5'000);
    listen(alarm_bit);

    set_host(1h); // to where the alarm is nearer
    EXPECT_EQ(read(current_time), 4'600);
    EXPECT_FALSE(alarm_line.level);
    EXPECT_EQ(pass(399s), 0U);
    EXPECT_FALSE(alarm_line.level);

    set_host(-1h);
    EXPECT_EQ(read(current_time), 1'399);
    EXPECT_EQ(pass(3600s), 0U);
    EXPECT_FALSE(alarm_line.level);
    EXPECT_EQ(pass(1s), 1U);
    EXPECT_TRUE(alarm_line.level);

    write(alarm, 6'000);
    pass(1s);
    write(rtc_int_status, alarm_bit);
    ASSERT_FALSE(alarm_line.level);
    set_host(24h); // over the alarm
    EXPECT_TRUE(alarm_line.level);
    EXPECT_EQ(read(current_time), 5'001 + 86'400);
}

TEST_F(AnEmulatedRtc, TellsOfASecondWhenTheHostsClockIsSetBack)
{
    write(rtc_int_status, second_bit);
    set_host(-1h);
    EXPECT_EQ(read(rtc_int_status), second_bit);
    EXPECT_EQ(get_as_linux(), start - 3600);
    listen(second_bit);
    EXPECT_EQ(pass(1s), 1U);
    EXPECT_TRUE(seconds_line.level);
}

TEST_F(AnEmulatedRtc, AsksTheClockOnlyForWhatChanges)
{
    write(alarm, start + 100);
    listen(alarm_bit);
    EXPECT_EQ(clock.asked, 1U);
    for (int n = 0; n < 50; ++n)
    {
        static_cast<void>(read(current_time));
        pass(1s);
    }
    EXPECT_EQ(clock.asked, 1U);
    write(rtc_int_dis, alarm_bit);
    EXPECT_EQ(clock.asked, 2U);
    EXPECT_FALSE(clock.wake);
}

TEST_F(AnEmulatedRtc, HasALineThatIsStatusLessMaskWhateverAGuestDoes)
{
    std::mt19937_64 random{20270115};
    constexpr std::array<std::uint8_t, 4> widths{1, 2, 4, 8};
    for (int n = 0; n < 50'000; ++n)
    {
        const std::uint8_t width = widths[random() % widths.size()];
        const std::uint64_t offset =
            random() % ((random() % 8 != 0 ? 0x60 : ZynqmpRtc::window_size) - width + 1);
        // Near the time as it is now, or an alarm would never come.
        const std::uint64_t value =
            random() % 4 != 0 ? random() % 4 + read(current_time) : random();
        if (random() % 2 != 0)
            device.write(offset, width, value);
        else
            static_cast<void>(device.read(offset, width));
        switch (random() % 16)
        {
        case 0:
            set_host(std::chrono::milliseconds{static_cast<int>(random() % 8000) - 4000});
            break;
        case 1:
            clock.time = WallClock::Time{static_cast<std::int64_t>(random() >> 1)};
            device.serve();
            break;
        default:
            clock.time += std::chrono::milliseconds{random() % 400};
            if (clock.wake && *clock.wake <= clock.time)
                device.serve();
        }
        const std::uint32_t raised = read(rtc_int_status) & ~read(rtc_int_mask);
        ASSERT_EQ(alarm_line.level, (raised & alarm_bit) != 0);
        ASSERT_EQ(seconds_line.level, (raised & second_bit) != 0);
        ASSERT_LT(read(current_tick), 32768U);
    }
    EXPECT_GT(alarm_line.rises, 100U);
    EXPECT_GT(seconds_line.rises, 100U);
}

} // namespace
} // namespace aliasvm::devices
