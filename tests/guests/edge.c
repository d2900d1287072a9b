// SPDX-License-Identifier: Apache-2.0
// Takes the interrupts of a timer whose line it has configured as edge, like an RTOS tick.

#include "runtime.h"

#define TTC_BASE 0xff110000u // TTC0, UG1087 module TTC; counter 1
#define TTC_INTID 68u        // SPI 36
#define EDGE_COUNT 1000

enum ttc_register
{
    TTC_CLOCK_CONTROL_1 = 0x00,
    TTC_COUNTER_CONTROL_1 = 0x0c,
    TTC_INTERVAL_COUNTER_1 = 0x24,
    TTC_INTERRUPT_REGISTER_1 = 0x54, // cleared by reading
    TTC_INTERRUPT_ENABLE_1 = 0x60,
};

enum
{
    TTC_PRESCALE_BY_2 = 1u << 0,     // PS_EN with PS_V 0
    TTC_COUNTER_STOPPED = 0x21,      // DIS, waveform output off
    TTC_COUNTER_RUN_INTERVAL = 0x32, // INT, RST, waveform output off
    TTC_INTERRUPT_INTERVAL = 1u << 0,
    TTC_INTERVAL = 50000, // 1 ms from 100 MHz
};

static volatile uint64_t taken;
static volatile uint64_t empty;

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

    mmio_write32(TTC_BASE + TTC_CLOCK_CONTROL_1, TTC_PRESCALE_BY_2);
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
    say("edge: taken %lu empty %lu\n", taken, empty);
    machine_off();
}
