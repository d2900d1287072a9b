// SPDX-License-Identifier: Apache-2.0
// One counter makes the ticks, the next one tells how many there should have been.

#include "tick.h"

#include "mmio.h"

#define TTC_BASE 0xff110000u

enum ttc_register
{
    TTC_CLOCK_CONTROL_1 = 0x00,
    TTC_CLOCK_CONTROL_2 = 0x04,
    TTC_COUNTER_CONTROL_1 = 0x0c,
    TTC_COUNTER_CONTROL_2 = 0x10,
    TTC_COUNTER_VALUE_2 = 0x1c,
    TTC_INTERVAL_COUNTER_1 = 0x24,
    TTC_INTERRUPT_REGISTER_1 = 0x54, // cleared by reading
    TTC_INTERRUPT_ENABLE_1 = 0x60,
};

enum
{
    TTC_PRESCALE_BY_64 = 1u << 0 | 5u << 1, // PS_EN, PS_V
    TTC_PRESCALE_BY_65536 = 1u << 0 | 15u << 1,
    TTC_COUNTER_STOPPED = 0x21,      // DIS, waveform output off
    TTC_COUNTER_RUN_INTERVAL = 0x32, // INT, RST, waveform output off
    TTC_COUNTER_RUN = 0x30,          // RST, waveform output off
    TTC_INTERRUPT_INTERVAL = 1u << 0,
    TTC_TICKS_OF_64 = 100000000 / 64, // a second's
    TTC_VALUE_MASK = 0xffff, // 16 bits on the emulated board, where intervals have to fit as well
};

static uint32_t interval;
static bool first;
static uint32_t seen;
static uint64_t passed; // of 65536 cycles of the timer's clock

void tick_stop(void)
{
    mmio_write32(TTC_BASE + TTC_COUNTER_CONTROL_1, TTC_COUNTER_STOPPED);
    mmio_write32(TTC_BASE + TTC_INTERRUPT_ENABLE_1, 0);
    (void)mmio_read32(TTC_BASE + TTC_INTERRUPT_REGISTER_1);
}

void tick_start(uint32_t hertz)
{
    first = true;
    passed = 0;
    interval = TTC_TICKS_OF_64 / hertz;
    mmio_write32(TTC_BASE + TTC_CLOCK_CONTROL_2, TTC_PRESCALE_BY_65536);
    mmio_write32(TTC_BASE + TTC_COUNTER_CONTROL_2, TTC_COUNTER_RUN);
    mmio_write32(TTC_BASE + TTC_CLOCK_CONTROL_1, TTC_PRESCALE_BY_64);
    mmio_write32(TTC_BASE + TTC_INTERVAL_COUNTER_1, interval);
    mmio_write32(TTC_BASE + TTC_INTERRUPT_ENABLE_1, TTC_INTERRUPT_INTERVAL);
    mmio_write32(TTC_BASE + TTC_COUNTER_CONTROL_1, TTC_COUNTER_RUN_INTERVAL);
}

bool tick_taken(void)
{
    // Reading lowers the line, so that the next interval is a new edge.
    if (!(mmio_read32(TTC_BASE + TTC_INTERRUPT_REGISTER_1) & TTC_INTERRUPT_INTERVAL))
    {
        return false;
    }
    const uint32_t now = mmio_read32(TTC_BASE + TTC_COUNTER_VALUE_2);
    passed += first ? 0 : (now - seen) & TTC_VALUE_MASK;
    seen = now;
    first = false;
    return true;
}

uint64_t tick_edges(void)
{
    const uint64_t period = (uint64_t)interval * 64;
    return (passed * 65536 + period / 2) / period + 1; // to the next whole one
}
