// SPDX-License-Identifier: Apache-2.0
// The real-time clock of ZynqMP (UG1087, module RTC): its time, its seconds, its alarm.

#include "runtime.h"

#define RTC_BASE 0xffa60000u
#define ALARM_INTID 58u   // SPI 26
#define SECONDS_INTID 59u // SPI 27

enum rtc_register
{
    RTC_SET_TIME_WRITE = 0x00,
    RTC_CALIB_WRITE = 0x08,
    RTC_CALIB_READ = 0x0c,
    RTC_CURRENT_TIME = 0x10,
    RTC_ALARM = 0x18,
    RTC_INT_STATUS = 0x20, // write one to clear
    RTC_INT_EN = 0x28,
    RTC_INT_DIS = 0x2c,
};

enum
{
    RTC_SECONDS = 1u << 0,
    RTC_THE_ALARM = 1u << 1,
    YEAR_2000 = 946684800,
    SECONDS_TO_TAKE = 2,
};

static volatile uint64_t seconds;
static volatile uint64_t alarms;
static volatile uint64_t empty;
static volatile uint32_t rang_at;

static uint32_t rtc_read(enum rtc_register offset)
{
    return mmio_read32(RTC_BASE + offset);
}

static void rtc_write(enum rtc_register offset, uint32_t value)
{
    mmio_write32(RTC_BASE + offset, value);
}

void irq_taken(uint32_t intid)
{
    const uint32_t status = rtc_read(RTC_INT_STATUS);
    if (intid == SECONDS_INTID && (status & RTC_SECONDS))
    {
        rtc_write(RTC_INT_STATUS, RTC_SECONDS);
        ++seconds;
    }
    else if (intid == ALARM_INTID && (status & RTC_THE_ALARM))
    {
        // Its bit stays for as long as it is the alarm's second.
        rtc_write(RTC_INT_DIS, RTC_THE_ALARM);
        rang_at = rtc_read(RTC_CURRENT_TIME);
        ++alarms;
    }
    else
    {
        ++empty;
    }
}

static void take_seconds(void)
{
    rtc_write(RTC_INT_STATUS, RTC_SECONDS);
    rtc_write(RTC_INT_EN, RTC_SECONDS);
    const bool came = clock_wait_for(&seconds, SECONDS_TO_TAKE, 10000);
    rtc_write(RTC_INT_DIS, RTC_SECONDS);
    say("rtc: seconds %lu empty %lu%s\n", seconds, empty, came ? "" : " LOST");
}

// False if it has not come in that time.
static bool await_alarm(uint32_t at, uint64_t timeout_ms)
{
    const uint64_t before = alarms;
    rtc_write(RTC_ALARM, at);
    rtc_write(RTC_INT_STATUS, RTC_THE_ALARM);
    rtc_write(RTC_INT_EN, RTC_THE_ALARM);
    return clock_wait_for(&alarms, before + 1, timeout_ms);
}

// As Linux does it: what is written is the time of the next second, which begins in a whole one.
static void set_time(uint32_t time)
{
    rtc_write(RTC_CALIB_WRITE, rtc_read(RTC_CALIB_READ));
    rtc_write(RTC_SET_TIME_WRITE, time + 1);
    rtc_write(RTC_INT_STATUS, RTC_SECONDS);
    const uint64_t end = clock_ticks() + 10 * clock_ticks_per_second();
    bool taken = false;
    while (!taken && clock_ticks() < end)
    {
        taken = rtc_read(RTC_INT_STATUS) & RTC_SECONDS;
    }
    say("rtc: set %lu then %lu%s\n", (uint64_t)time, (uint64_t)rtc_read(RTC_CURRENT_TIME),
        taken ? "" : " LOST");
}

void guest_main(void)
{
    const uint32_t found = rtc_read(RTC_CURRENT_TIME);
    say("rtc: time %lu status %lu\n", (uint64_t)found, (uint64_t)rtc_read(RTC_INT_STATUS));

    gic_init();
    gic_enable(SECONDS_INTID);
    gic_enable(ALARM_INTID);
    take_seconds();

    const uint32_t soon = rtc_read(RTC_CURRENT_TIME) + 2;
    const bool rang = await_alarm(soon, 10000);
    say("rtc: alarm of %lu at %lu%s\n", (uint64_t)soon, (uint64_t)rang_at, rang ? "" : " LOST");

    set_time(YEAR_2000);

    const uint32_t late = rtc_read(RTC_CURRENT_TIME) + 3600;
    say("rtc: asleep until %lu\n", (uint64_t)late);
    if (await_alarm(late, 120000))
    {
        say("rtc: awake at %lu\n", (uint64_t)rang_at);
    }
    else
    {
        say("rtc: overslept\n");
    }
    say("rtc: end\n");
    machine_off();
}
