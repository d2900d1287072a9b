// SPDX-License-Identifier: Apache-2.0
// Takes IRQS_COUNT interrupts, one for each character sent to itself, and counts what is amiss.

#include "runtime.h"

#ifndef IRQS_COUNT
#define IRQS_COUNT 10000
#endif
#ifndef IRQS_WRITES_ICFGR
#define IRQS_WRITES_ICFGR 1 // 0: rely on the setting at reset, as a lazy RTOS does
#endif

static volatile uint64_t taken;
static volatile uint64_t empty;
static volatile uint64_t wrong;
static volatile char expected;

static void check(char c)
{
    if (c != expected)
    {
        ++wrong;
    }
}

void irq_taken(uint32_t intid)
{
    if (intid != UART_INTID)
    {
        ++wrong;
        return;
    }
    const uint64_t characters = uart_service_rx(check);
    if (characters == 0)
    {
        ++empty;
        return;
    }
    wrong += characters - 1;
    ++taken;
}

static void ignore(char c)
{
    (void)c;
}

void guest_main(void)
{
    const uint32_t icfgr = gic_icfgr(UART_INTID);
    gic_init();
#if IRQS_WRITES_ICFGR
    gic_set_edge(UART_INTID, false);
#endif
    gic_enable(UART_INTID);

    uart_loopback(true);
    uart_service_rx(ignore);
    uart_rx_irq_enable();

    uint64_t sent = 0;
    bool lost = false;
    while (sent < IRQS_COUNT && !lost)
    {
        expected = (char)(sent * 7 + 1);
        uart_put(expected);
        ++sent;
        lost = !clock_wait_for(&taken, sent, 5000);
    }

    // The console only works outside of loopback.
    uart_write(UART_INTRPT_DIS, UART_INT_ALL);
    uart_loopback(false);
    say("irqs: icfgr 0x%lx\n", (uint64_t)icfgr);
    if (lost)
    {
        say("irqs: LOST after %lu\n", taken);
    }
    say("irqs: sent %lu taken %lu empty %lu wrong %lu\n", sent, taken, empty,
        wrong + gic_spurious());
    machine_off();
}
