// SPDX-License-Identifier: Apache-2.0
// Starts as a standalone program of a vendor's BSP does, and then lives by interrupts: characters
// from the UART, whose line is a level, and a timer's ticks, whose line it has as edge.

#include "mmu.h"
#include "runtime.h"
#include "tick.h"

#define BSP_COUNT 1000u // of ticks and of characters
#define BSP_HERTZ 100u

#define PMCR_STARTED 7ul // E, P, C: all counters from 0

enum
{
    INTERRUPTS = 192, // of the ZynqMP's distributor
    PRIORITIES = 0xa0a0a0a0,
    TARGETS_CPU_0 = 0x01010101,
    RX_TRIGGER = 8,
    RX_TIMEOUT = 10, // times four bits of silence
    INT_RTRIG = 1u << 0,
    INT_ROVR = 1u << 5,
    INT_FRAME = 1u << 6,
    INT_TOUT = 1u << 8,
};

static volatile uint64_t ticks;
static volatile uint64_t characters;
static volatile uint64_t wrong;
static volatile uint64_t overruns;
static volatile uint64_t others;

// What a compiler makes of a loop over volatile registers: each store moves its base, and a CPU
// does not tell a hypervisor what such a store is.
static void fill(uintptr_t from, uint32_t bytes, uint32_t value)
{
    const uintptr_t end = from + bytes;
    while (from != end)
    {
        __asm__ volatile("str %w1, [%0], #4" : "+r"(from) : "r"(value) : "memory");
    }
}

static void set_up_distributor(void)
{
    mmio_write32(GICD_BASE + GICD_CTLR, 0);
    fill(GICD_BASE + GICD_ICFGR + 32 / 4, (INTERRUPTS - 32) / 4, 0);
    fill(GICD_BASE + GICD_IPRIORITYR, INTERRUPTS, PRIORITIES);
    fill(GICD_BASE + GICD_ITARGETSR + 32, INTERRUPTS - 32, TARGETS_CPU_0);
    fill(GICD_BASE + GICD_ICENABLER, INTERRUPTS / 8, 0xffffffff);
    gic_init();
}

static void set_up_uart(void)
{
    uart_write(UART_RCVR_TRIGGER, RX_TRIGGER);
    uart_write(UART_RCVR_TIMEOUT, RX_TIMEOUT);
    uart_write(UART_INTRPT_DIS, UART_INT_ALL);
    uart_write(UART_CHNL_INT_STS, UART_INT_ALL);
    uart_write(UART_INTRPT_EN, INT_RTRIG | INT_ROVR | INT_FRAME | INT_TOUT);
}

static void take_characters(void)
{
    const uint32_t status = uart_read(UART_CHNL_INT_STS) & uart_read(UART_INTRPT_MASK);
    uart_write(UART_CHNL_INT_STS, status);
    overruns += (status & INT_ROVR) != 0;
    while (!(uart_read(UART_CHANNEL_STS) & UART_STATUS_REMPTY))
    {
        const char due = (char)('a' + characters % 26);
        wrong += uart_take() != due;
        ++characters;
    }
}

void irq_taken(uint32_t intid)
{
    if (intid == UART_INTID)
    {
        take_characters();
    }
    else if (intid == TICK_INTID && ticks < BSP_COUNT)
    {
        ticks += tick_taken();
    }
    else
    {
        ++others;
    }
}

void guest_main(void)
{
    write_sysreg(pmcr_el0, read_sysreg(pmcr_el0) | PMCR_STARTED);
    mmu_on(4);
    tick_stop();
    set_up_distributor();
    gic_set_edge(TICK_INTID, true);
    gic_enable(TICK_INTID);
    gic_enable(UART_INTID);
    say("bsp: ready\n");
    set_up_uart();
    tick_start(BSP_HERTZ);

    bool lost = false;
    while (ticks < BSP_COUNT && !lost)
    {
        lost = !clock_wait_for(&ticks, ticks + 1, 5000);
    }
    tick_stop();
    lost = lost || !clock_wait_for(&characters, BSP_COUNT, 60000);
    say("bsp: ticks %lu of %lu characters %lu wrong %lu overruns %lu%s\n", ticks, tick_edges(),
        characters, wrong, overruns, lost ? " LOST" : "");
    mmu_off();
    machine_off();
}
