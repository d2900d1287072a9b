// SPDX-License-Identifier: Apache-2.0
// Takes the interrupts of a timer whose line it has configured as edge, like an RTOS tick.

#include "runtime.h"
#include "tick.h"

#ifndef EDGE_COUNT
#define EDGE_COUNT 1000
#endif
#ifndef EDGE_HERTZ
#define EDGE_HERTZ 1000
#endif

static volatile uint64_t taken;
static volatile uint64_t empty;

void irq_taken(uint32_t intid)
{
    // One more may come before the timer is stopped, above all on a busy machine.
    if (intid != TICK_INTID || taken == EDGE_COUNT)
    {
        return;
    }
    if (tick_taken())
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
    tick_stop();
    gic_init();
    gic_set_edge(TICK_INTID, true);
    gic_enable(TICK_INTID);
    say("edge: ready\n");
    tick_start(EDGE_HERTZ);

    bool lost = false;
    while (taken < EDGE_COUNT && !lost)
    {
        lost = !clock_wait_for(&taken, taken + 1, 5000);
    }

    tick_stop();
    if (lost)
    {
        say("edge: LOST after %lu\n", taken);
    }
    // Edges that the line had meanwhile.
    say("edge: taken %lu empty %lu of %lu\n", taken, empty, tick_edges());
    machine_off();
}
