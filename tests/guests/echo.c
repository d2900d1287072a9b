// SPDX-License-Identifier: Apache-2.0
// Sends every received line back from its interrupt handler, and counts; its UART may come and go.

#include "echo_commands.h"
#include "power_key.h"
#include "runtime.h"

#ifndef ECHO_AS_EDGE
#define ECHO_AS_EDGE 0 // the interrupt as edge, though the UART's line is a level
#endif

#define LINE_MAX 200
#define RING_SIZE 4096 // a power of two

static struct echo_counts counts;

// Received but not yet looked at. Sending a line takes as long as receiving one, so the hardware's
// 64 characters would overflow if the FIFO were left alone during that time. When this is full too,
// the FIFO keeps the rest: a wire brings no more than goes out on it, but a far end without a speed
// (an emulated console) waits until there is room.
static char ring[RING_SIZE];
static uint64_t ring_in;
static uint64_t ring_out;

static char line[LINE_MAX + 1];
static uint64_t length;

static bool has_room(void)
{
    return ring_in - ring_out < RING_SIZE;
}

static void store(char c)
{
    ++counts.characters;
    ring[ring_in++ % RING_SIZE] = c;
}

static void send(char c)
{
    while (!uart_writable())
    {
        uart_service_rx_while(has_room, store);
    }
    uart_put(c);
}

static void answer_line(void)
{
    ++counts.lines;
    line[length] = '\0';
    if (!echo_command(line, &counts))
    {
        for (uint64_t i = 0; i < length; ++i)
        {
            send(line[i]);
        }
        send('\r');
        send('\n');
    }
    length = 0;
}

static void take(char c)
{
    const bool end = c == '\r' || c == '\n';
    if (end && length > 0) // an empty line says nothing: \r\n ends one line, not two
    {
        answer_line();
    }
    else if (!end && length < LINE_MAX)
    {
        line[length++] = c;
    }
}

static void work(void)
{
    do
    {
        uart_service_rx_while(has_room, store);
        while (ring_out != ring_in)
        {
            take(ring[ring_out++ % RING_SIZE]);
        }
    } while (uart_readable());
}

// The UART can be taken away while this runs, and another be plugged in behind the same address. It
// comes at rest, its interrupts off. Nothing tells of it, so look from time to time.
void clock_tick(void)
{
    if (!uart_fresh())
    {
        return;
    }
    uart_init();
    uart_rx_irq_enable();
    say("echo: plugged in\n");
    work();
}

void irq_taken(uint32_t intid)
{
    if (intid == POWER_KEY_INTID)
    {
        if (power_key_pressed())
        {
            say("echo: power key, off\n");
            machine_off();
        }
        return;
    }
    if (intid != UART_INTID)
    {
        return;
    }
    echo_before_interrupt(); // may not return, and then leaves the line pending and active
    ++counts.interrupts;
    work();
}

void guest_main(void)
{
    gic_init();
    gic_set_edge(UART_INTID, ECHO_AS_EDGE);
    gic_enable(UART_INTID);
    power_key_enable();

    // Whatever came before is taken without an interrupt, and leaves the line low: the first
    // interrupt is the first character from here on.
    work();
    uart_rx_irq_enable();
    say("echo: ready\n");

    clock_tick_every(50);
    irq_unmask();
    halt();
}
