// SPDX-License-Identifier: Apache-2.0
// Lets characters arrive while its interrupt is off everywhere, and only then opens it.

#include "runtime.h"

#define FIFO_DEPTH 64u

static char burst[4096];
static uint64_t length;

static void store(char c)
{
    if (length < sizeof(burst))
    {
        burst[length++] = c;
    }
}

void irq_taken(uint32_t intid)
{
    if (intid != UART_INTID)
    {
        return;
    }
    length = 0;
    uart_service_rx(store);
    say("early: got \"");
    for (uint64_t i = 0; i < length; ++i)
    {
        say("%c", burst[i] >= ' ' && burst[i] <= '~' ? burst[i] : '.');
    }
    say("\"\n");
}

// The UART has no register for the fill level, but CHANNEL_STS.RTRIG compares it with the trigger
// level all the time: try the levels. Reading would empty the FIFO and lower the line.
static uint64_t waiting(void)
{
    uint32_t level = FIFO_DEPTH;
    if (!(uart_read(UART_CHANNEL_STS) & UART_STATUS_RFUL))
    {
        for (level = FIFO_DEPTH - 1; level > 0; --level)
        {
            uart_write(UART_RCVR_TRIGGER, level);
            if (uart_read(UART_CHANNEL_STS) & UART_STATUS_RTRIG)
            {
                break;
            }
        }
    }
    uart_write(UART_RCVR_TRIGGER, 1);
    return level;
}

void guest_main(void)
{
    say("early: deaf\n");
    while (!uart_readable())
    {
    }
    clock_delay_ms(10);
    say("early: %lu waiting\n", waiting());

    uart_rx_irq_enable();
    gic_init();
    gic_set_edge(UART_INTID, false);
    gic_enable(UART_INTID);
    irq_unmask();
    halt();
}
