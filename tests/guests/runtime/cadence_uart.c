// SPDX-License-Identifier: Apache-2.0
// Polled transmit and race-free receive on the Cadence UART (UG1085 chapter "UART Controller").

#include "cadence_uart.h"

#define BAUD_RATE_GEN_RESET 0x28bu

void uart_init(void)
{
    uart_write(UART_INTRPT_DIS, UART_INT_ALL);
    if (uart_read(UART_BAUD_RATE_GEN) == BAUD_RATE_GEN_RESET)
    {
        // No firmware has been here: 115200 baud from 100 MHz, 100e6 / (124 * 7) = 115207.
        uart_write(UART_BAUD_RATE_GEN, 124);
        uart_write(UART_BAUD_RATE_DIV, 6);
    }
    if (uart_read(UART_MODE) != UART_MODE_8N1)
    {
        uart_write(UART_MODE, UART_MODE_8N1);
    }
    uart_write(UART_RCVR_TRIGGER, 1);

    // No reset bits, and RXEN is never taken away: a character received before the guest began is
    // still in the FIFO and has to survive.
    const uint32_t on = UART_CONTROL_RXEN | UART_CONTROL_TXEN;
    if (uart_read(UART_CONTROL) != on)
    {
        uart_write(UART_CONTROL, on);
    }
}

void uart_put(char c)
{
    while (!uart_writable())
    {
    }
    uart_write(UART_FIFO, (uint8_t)c);
}

void uart_flush(void)
{
    uint32_t status;
    do
    {
        status = uart_read(UART_CHANNEL_STS);
    } while (status != 0 && (!(status & UART_STATUS_TEMPTY) || (status & UART_STATUS_TACTIVE)));
}

char uart_take(void)
{
    return (char)uart_read(UART_FIFO);
}

void uart_rx_irq_enable(void)
{
    uart_write(UART_INTRPT_EN, UART_INT_RTRIG);
}

// CHNL_INT_STS latches: RTRIG is set when a character comes in and stays set until it is cleared,
// also when the FIFO has been emptied since. The line is level and follows the latch. Therefore:
//  - Clear first, drain after would be one interrupt too many: a character that comes in during
//    the drain sets the latch again, is drained as well, and the next interrupt finds nothing.
//  - Drain first, clear after alone would lose one: a character between the last look at the FIFO
//    and the clear has its latch wiped, and nobody comes for it.
//  - So: drain, clear, look again. A character before the look is seen by it and drained in
//    another turn; one after the look sets the latch, which nobody wipes any more. When this
//    returns, latch set means FIFO not empty, and the other way round.
// The look is a read from the device that the clear was written to: it also makes sure that the
// line is low before the GIC is told about the end of the interrupt. Without it a write still on
// its way would give a second, empty interrupt.
uint64_t uart_service_rx_while(bool (*room)(void), void (*sink)(char))
{
    uint64_t count = 0;
    do
    {
        while (uart_readable())
        {
            if (!room())
            {
                return count; // the latch stays: whoever has room again comes back
            }
            sink(uart_take());
            ++count;
        }
        uart_write(UART_CHNL_INT_STS, UART_INT_RTRIG);
    } while (uart_readable());
    return count;
}

static bool always(void)
{
    return true;
}

uint64_t uart_service_rx(void (*sink)(char))
{
    return uart_service_rx_while(always, sink);
}

void uart_loopback(bool on)
{
    uart_flush();
    uart_write(UART_MODE, UART_MODE_8N1 | (on ? UART_MODE_LOCAL_LOOPBACK : 0));
}
