// SPDX-License-Identifier: Apache-2.0
// Measures interrupts and register reads in ticks of the virtual counter, medians of 1000.

#include "bench_samples.h"
#include "runtime.h"

#define SAMPLES 1000
#define WARM_UP 16
#define READS 32 // a multiple of 8

#define GPIO_DIRM_0 0xff0a0204u // emulated in a VM that has a power key

static struct samples entry;
static struct samples round_trip;
static volatile uint64_t taken;

// The shortest handler that leaves the line low: there is exactly one character.
void irq_taken(uint32_t intid)
{
    (void)intid;
    (void)uart_take();
    uart_write(UART_CHNL_INT_STS, UART_INT_RTRIG);
    taken = 1;
}

static inline uint64_t now(void)
{
    return read_sysreg(cntvct_el0);
}

// The counter, then at once the store that raises the line. Without the ISB the counter could be
// read late, together with the store (DDI 0487, "Counters": reads may be speculative).
static inline uint64_t start_by_sending(void)
{
    uint64_t start;
    __asm__ volatile("mrs %0, cntvct_el0\n\tisb\n\tstr %w1, [%2]"
                     : "=&r"(start)
                     : "r"('b'), "r"((uintptr_t)UART_BASE + UART_FIFO)
                     : "memory");
    return start;
}

// x18 is written by the first instruction of the IRQ vector and by nothing else.
static inline uint64_t moment_of_entry(void)
{
    uint64_t ticks;
    __asm__ volatile("mov %0, x18" : "=r"(ticks) : : "memory");
    return ticks;
}

static void irq_from_spinning(void)
{
    irq_unmask();
    for (unsigned i = 0; i < WARM_UP + SAMPLES; ++i)
    {
        taken = 0;
        const uint64_t start = start_by_sending();
        while (!taken)
        {
        }
        const uint64_t end = now();
        samples_put(&entry, i, WARM_UP, moment_of_entry() - start);
        samples_put(&round_trip, i, WARM_UP, end - start);
    }
    irq_mask();
}

// Masked until the WFI is over: an interrupt between the store and the WFI would be slept through.
static void irq_from_wfi(void)
{
    for (unsigned i = 0; i < WARM_UP + SAMPLES; ++i)
    {
        taken = 0;
        const uint64_t start = start_by_sending();
        __asm__ volatile("wfi\n\tmsr daifclr, #2" : : : "memory");
        while (!taken)
        {
        }
        const uint64_t end = now();
        irq_mask();
        samples_put(&entry, i, WARM_UP, moment_of_entry() - start);
        samples_put(&round_trip, i, WARM_UP, end - start);
    }
}

// The loop is three instructions a read (load, subtract, branch); it is part of the figure, as in
// the reference figures.
static void read_cost(const char* name, uintptr_t address)
{
    exceptions_skip_begin();
    (void)mmio_read32(address);
    if (exceptions_skip_end() != 0)
    {
        say("bench: %s absent\n", name);
        return;
    }
    for (unsigned i = 0; i < WARM_UP + SAMPLES; ++i)
    {
        uint64_t left = READS;
        uint32_t value;
        const uint64_t start = now();
        __asm__ volatile("1: ldr %w0, [%2]\n\tsubs %1, %1, #1\n\tb.ne 1b"
                         : "=&r"(value), "+r"(left)
                         : "r"(address)
                         : "cc", "memory");
        samples_put(&entry, i, WARM_UP, (now() - start) * 10 / READS);
    }
    samples_print_tenths(&entry, name);
}

void guest_main(void)
{
    say("bench: cntfrq %lu\n", read_sysreg(cntfrq_el0));
    gic_init();
    gic_set_edge(UART_INTID, false);
    gic_enable(UART_INTID);

    uart_loopback(true);
    while (uart_readable())
    {
        (void)uart_take();
    }
    uart_write(UART_CHNL_INT_STS, UART_INT_RTRIG);
    uart_rx_irq_enable();
    irq_from_spinning();
    uart_loopback(false);
    samples_print(&entry, "irq-entry-spin");
    samples_print(&round_trip, "irq-round-spin");

    uart_loopback(true);
    irq_from_wfi();
    uart_write(UART_INTRPT_DIS, UART_INT_ALL);
    uart_loopback(false);
    samples_print(&entry, "irq-entry-wfi");
    samples_print(&round_trip, "irq-round-wfi");

    read_cost("mmio-uart", UART_BASE + UART_CHANNEL_STS);
    read_cost("mmio-vgic", GICD_BASE + GICD_TYPER);
    read_cost("mmio-gpio", GPIO_DIRM_0);
    say("bench: end\n");
    machine_off();
}
