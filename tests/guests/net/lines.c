// SPDX-License-Identifier: Apache-2.0
// A ring of characters between the handler and the main program.

#include "lines.h"

#include "runtime.h"

#define RING_SIZE 1024u // a power of two
#define LINE_MAX 100u

static char ring[RING_SIZE];
static uint64_t ring_in;
static uint64_t ring_out;

static char line[LINE_MAX + 1];
static uint64_t length;

static void store(char c)
{
    if (ring_in - ring_out < RING_SIZE) // a person or a test waits for answers long before that
    {
        ring[ring_in++ % RING_SIZE] = c;
    }
}

void lines_interrupt(void)
{
    uart_service_rx(store);
}

void lines_plugged(void)
{
    uart_init();
    uart_rx_irq_enable();
    uart_service_rx(store);
}

const char* lines_take(void)
{
    while (ring_out != ring_in)
    {
        const char c = ring[ring_out++ % RING_SIZE];
        const bool end = c == '\r' || c == '\n';
        if (end && length > 0) // an empty line says nothing: \r\n ends one line, not two
        {
            line[length] = '\0';
            length = 0;
            return line;
        }
        if (!end && length < LINE_MAX)
        {
            line[length++] = c;
        }
    }
    return 0;
}
