// SPDX-License-Identifier: Apache-2.0
// The clock's behaviour, see UG1085 (real-time clock) and UG1087 (RTC module).
#include "devices/emulated/zynqmp_rtc.hpp"

#include "devices/emulated/word_access.hpp"

#include <algorithm>
#include <utility>

namespace aliasvm::devices
{

namespace
{

using std::chrono::floor;
using std::chrono::nanoseconds;
using std::chrono::seconds;

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
constexpr std::uint64_t error_int_mask = 0x34;
constexpr std::uint64_t error_int_en = 0x38;
constexpr std::uint64_t error_int_dis = 0x3c;
constexpr std::uint64_t rtc_control = 0x40;
constexpr std::uint64_t safety_chk = 0x50;

constexpr std::uint32_t seconds_bit = 1U << 0;
constexpr std::uint32_t alarm_bit = 1U << 1;
constexpr std::uint32_t both_bits = seconds_bit | alarm_bit;

constexpr std::int64_t ticks_a_second = 32768;
constexpr std::uint32_t calibration_mask = 0x1f'ffff;
constexpr std::uint32_t calibration_as_found = ticks_a_second - 1;
constexpr std::uint32_t control_mask = 0x8f00'0001;
constexpr std::uint32_t control_as_found = 0x0100'0000; // the oscillator runs

/// The last second that a Time can tell.
constexpr std::int64_t last_second = floor<seconds>(nanoseconds::max()).count() - 1;

} // namespace

ZynqmpRtc::ZynqmpRtc(IrqLine& alarm_line, IrqLine& seconds_line, WallClock& clock) noexcept
    : alarm_line_{alarm_line}, seconds_line_{seconds_line}, clock_{clock}, now_{clock.now()},
      second_{floor<seconds>(now_).count()}, set_time_{current()},
      calibration_{calibration_as_found}, control_{control_as_found}, status_{seconds_bit},
      masked_{both_bits}
{
}

std::uint64_t ZynqmpRtc::read(std::uint64_t offset, std::uint8_t width) noexcept
{
    const std::lock_guard lock{mutex_};
    advance();
    settle();
    return read_words(offset, width, [this](std::uint64_t at) { return read_word(at); });
}

void ZynqmpRtc::write(std::uint64_t offset, std::uint8_t width, std::uint64_t value) noexcept
{
    const std::lock_guard lock{mutex_};
    advance();
    write_words(offset, width, value,
                [this](std::uint64_t at, std::uint32_t word) { write_word(at, word); });
    settle();
}

void ZynqmpRtc::serve() noexcept
{
    const std::lock_guard lock{mutex_};
    told_.reset(); // it wakes once
    advance();
    settle();
}

std::uint32_t ZynqmpRtc::read_word(std::uint64_t offset) const noexcept
{
    switch (offset)
    {
    case set_time_read:
        return set_time_;
    case calib_read:
        return calibration_;
    case current_time:
        return current();
    case current_tick:
    {
        const nanoseconds into = now_ - phase_ - seconds{second_};
        return static_cast<std::uint32_t>(into.count() * ticks_a_second /
                                          nanoseconds{seconds{1}}.count());
    }
    case alarm:
        return alarm_;
    case rtc_int_status:
        return status_;
    case rtc_int_mask:
        return masked_;
    case error_int_mask:
        return error_masked_;
    case rtc_control:
        return control_;
    case safety_chk:
        return safety_;
    default:
        return 0;
    }
}

void ZynqmpRtc::write_word(std::uint64_t offset, std::uint32_t value) noexcept
{
    switch (offset)
    {
    case set_time_write:
        set_time_ = value;
        setting_ = true;
        break;
    case calib_write:
        calibration_ = value & calibration_mask;
        begin_second();
        break;
    case alarm:
        alarm_ = value;
        break;
    case rtc_int_status:
        status_ &= ~value;
        break;
    case rtc_int_en:
        masked_ &= ~value;
        break;
    case rtc_int_dis:
        masked_ |= value & both_bits;
        break;
    case error_int_en:
        error_masked_ &= ~value;
        break;
    case error_int_dis:
        error_masked_ |= value & 1;
        break;
    case rtc_control:
        control_ = value & control_mask;
        break;
    case safety_chk:
        safety_ = value;
        break;
    default:
        break;
    }
}

/// The same second, from its beginning: those who set the time want it to last a whole one.
void ZynqmpRtc::begin_second() noexcept
{
    const std::uint32_t time = current();
    const auto clock_second = floor<seconds>(now_);
    phase_ = now_ - clock_second;
    second_ = clock_second.count();
    ahead_ = time - static_cast<std::uint32_t>(second_);
}

std::uint32_t ZynqmpRtc::current() const noexcept
{
    return static_cast<std::uint32_t>(second_) + ahead_;
}

void ZynqmpRtc::advance() noexcept
{
    now_ = clock_.now();
    const std::int64_t was = std::exchange(second_, floor<seconds>(now_ - phase_).count());
    if (second_ == was)
        return;
    status_ |= seconds_bit;
    const auto first = static_cast<std::uint32_t>(was + 1);
    if (std::exchange(setting_, false))
        ahead_ = set_time_ - first;
    // The seconds from the first to this one; none if the clock was set back.
    if (second_ > was && alarm_ - (first + ahead_) < static_cast<std::uint64_t>(second_ - was))
        status_ |= alarm_bit;
}

void ZynqmpRtc::settle() noexcept
{
    if (current() == alarm_)
        status_ |= alarm_bit;
    const std::uint32_t raised = status_ & ~masked_;
    const auto set = [](IrqLine& line, bool& level, bool wanted)
    {
        if (std::exchange(level, wanted) != wanted)
            line.set(wanted);
    };
    set(alarm_line_, alarm_level_, (raised & alarm_bit) != 0);
    set(seconds_line_, seconds_level_, (raised & seconds_bit) != 0);

    if (const auto next = due(); next != told_)
    {
        told_ = next;
        clock_.wake_at(next);
    }
}

/// Only of interrupts that are open and not set yet.
std::optional<ZynqmpRtc::Time> ZynqmpRtc::due() const noexcept
{
    const std::uint32_t awaited = ~status_ & ~masked_ & both_bits;
    if (awaited == 0)
        return std::nullopt;
    // What is being set may be the alarm, or bring it nearer.
    const bool next_second = (awaited & seconds_bit) != 0 || setting_;
    const std::int64_t wanted = second_ + (next_second ? 1 : alarm_ - current());
    return seconds{std::min(wanted, last_second)} + phase_;
}

} // namespace aliasvm::devices
