// SPDX-License-Identifier: Apache-2.0
// Takes the interrupts of a timer whose line it has configured as edge, like an RTOS tick.

#include "runtime.h"

#define TTC_BASE 0xff110000u // TTC0, UG1087 module TTC; counter 1
#define TTC_INTID 68u        // SPI 36

#ifndef EDGE_COUNT
#define EDGE_COUNT 1000
#endif
#ifndef EDGE_HERTZ
#define EDGE_HERTZ 1000
#endif

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
    TTC_INTERRUPT_INTERVAL = 1u << 0,
    TTC_COUNTER_RUN = 0x30,                     // RST, waveform output off
    TTC_INTERVAL = 100000000 / 64 / EDGE_HERTZ, // 16 bits on the emulated board
    TTC_VALUE_MASK = 0xffff,
};

static volatile uint64_t taken;
static volatile uint64_t empty;
// By the second counter, which only counts: from the first interrupt to the last.
static uint32_t seen;
static uint64_t passed;

void irq_taken(uint32_t intid)
{
    // One more may come before the timer is stopped, above all on a busy machine.
    if (intid != TTC_INTID || taken == EDGE_COUNT)
    {
        return;
    }
    // Reading lowers the line, so that the next interval is a new edge.
    if (mmio_read32(TTC_BASE + TTC_INTERRUPT_REGISTER_1) & TTC_INTERRUPT_INTERVAL)
    {
        const uint32_t now = mmio_read32(TTC_BASE + TTC_COUNTER_VALUE_2);
        passed += taken == 0 ? 0 : (now - seen) & TTC_VALUE_MASK;
        seen = now;
        ++taken;
    }
    else
    {
        ++empty;
    }
}

void guest_main(void)
{
    mmio_write32(TTC_BASE + TTC_COUNTER_CONTROL_1, TTC_COUNTER_STOPPED);
    mmio_write32(TTC_BASE + TTC_INTERRUPT_ENABLE_1, 0);
    (void)mmio_read32(TTC_BASE + TTC_INTERRUPT_REGISTER_1);

    gic_init();
    gic_set_edge(TTC_INTID, true);
    gic_enable(TTC_INTID);

    mmio_write32(TTC_BASE + TTC_CLOCK_CONTROL_2, TTC_PRESCALE_BY_65536);
    mmio_write32(TTC_BASE + TTC_COUNTER_CONTROL_2, TTC_COUNTER_RUN);
    mmio_write32(TTC_BASE + TTC_CLOCK_CONTROL_1, TTC_PRESCALE_BY_64);
    mmio_write32(TTC_BASE + TTC_INTERVAL_COUNTER_1, TTC_INTERVAL);
    mmio_write32(TTC_BASE + TTC_INTERRUPT_ENABLE_1, TTC_INTERRUPT_INTERVAL);
    say("edge: ready\n");
    mmio_write32(TTC_BASE + TTC_COUNTER_CONTROL_1, TTC_COUNTER_RUN_INTERVAL);

    bool lost = false;
    while (taken < EDGE_COUNT && !lost)
    {
        lost = !clock_wait_for(&taken, taken + 1, 5000);
    }

    mmio_write32(TTC_BASE + TTC_INTERRUPT_ENABLE_1, 0);
    mmio_write32(TTC_BASE + TTC_COUNTER_CONTROL_1, TTC_COUNTER_STOPPED);
    if (lost)
    {
        say("edge: LOST after %lu\n", taken);
    }
    // Edges that the line had meanwhile, to the next whole one.
    const uint64_t period = TTC_INTERVAL * 64;
    say("edge: taken %lu empty %lu of %lu\n", taken, empty,
        (passed * 65536 + period / 2) / period + 1);
    machine_off();
}
