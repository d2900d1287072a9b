// SPDX-License-Identifier: Apache-2.0
// Does everything that a guest should not do, and then shows that it is still served.

#include "hostile.h"

#include "runtime.h"

#ifndef HOSTILE_COUNT
#define HOSTILE_COUNT 100000
#endif

struct phase
{
    const char* name;
    void (*run)(uint64_t count);
    uint64_t count;
};

// The plain accesses are what a VMM emulates one by one; the rest is there for its variety.
static const struct phase phases[] = {
    {"low", hostile_low, HOSTILE_COUNT},
    {"high", hostile_high, HOSTILE_COUNT / 10},
    {"pair", hostile_pair, HOSTILE_COUNT / 10},
    {"writeback", hostile_writeback, HOSTILE_COUNT / 10},
    {"exclusive", hostile_exclusive, HOSTILE_COUNT / 10},
    {"misaligned", hostile_misaligned, HOSTILE_COUNT / 10},
    {"cache", hostile_cache, HOSTILE_COUNT / 10},
    {"fetch", hostile_fetch, HOSTILE_COUNT / 100},
    {"smc", hostile_smc, HOSTILE_COUNT / 10},
    {"hvc", hostile_hvc, HOSTILE_COUNT / 10},
    {"gicd", hostile_gicd, HOSTILE_COUNT / 10},
    {"uart", hostile_uart, HOSTILE_COUNT / 10},
};

static uint64_t random_state;
static volatile uint64_t taken;
static volatile char received;

uint64_t hostile_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void receive(char c)
{
    received = c;
    ++taken;
}

void irq_taken(uint32_t intid)
{
    if (intid == UART_INTID)
    {
        uart_service_rx(receive);
    }
}

// One character to itself by interrupt: GIC, UART and the way between them have survived.
static bool still_served(void)
{
    gic_init();
    gic_set_edge(UART_INTID, false);
    gic_enable(UART_INTID);
    uart_loopback(true);
    uart_service_rx(receive);
    taken = 0;
    uart_rx_irq_enable();
    uart_put('h');
    const bool served = clock_wait_for(&taken, 1, 5000) && received == 'h';
    uart_write(UART_INTRPT_DIS, UART_INT_ALL);
    uart_loopback(false);
    return served;
}

void guest_main(void)
{
    random_state = 0x9e3779b97f4a7c15;
    for (uint64_t i = 0; i < sizeof(phases) / sizeof(phases[0]); ++i)
    {
        const struct phase* phase = &phases[i];
        say("hostile: phase %s\n", phase->name);
        uart_flush(); // the UART phase would lose it
        exceptions_skip_begin();
        phase->run(phase->count);
        const uint64_t aborts = exceptions_skip_end();
        // A call may have asked the firmware to reset the UART.
        uart_init();
        say("hostile: %s done %lu aborts %lu\n", phase->name, phase->count, aborts);
    }
    say("hostile: irq %s\n", still_served() ? "ok" : "LOST");
    say("hostile: alive\n");
    machine_off();
}
