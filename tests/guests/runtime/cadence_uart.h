// SPDX-License-Identifier: Apache-2.0
// The Cadence UART of ZynqMP (UG1087, module UART) at the place of UART0, polled and by interrupt.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mmio.h"

#define UART_BASE 0xff000000u
#define UART_INTID 53u // SPI 21

enum uart_register
{
    UART_CONTROL = 0x00,
    UART_MODE = 0x04,
    UART_INTRPT_EN = 0x08,
    UART_INTRPT_DIS = 0x0c,
    UART_INTRPT_MASK = 0x10,
    UART_CHNL_INT_STS = 0x14, // write one to clear
    UART_BAUD_RATE_GEN = 0x18,
    UART_RCVR_TIMEOUT = 0x1c,
    UART_RCVR_TRIGGER = 0x20,
    UART_MODEM_CTRL = 0x24,
    UART_MODEM_STS = 0x28,
    UART_CHANNEL_STS = 0x2c,
    UART_FIFO = 0x30,
    UART_BAUD_RATE_DIV = 0x34,
    UART_FLOW_DELAY = 0x38,
    UART_TX_TRIGGER = 0x44,
};

enum
{
    UART_CONTROL_RXRES = 1u << 0,
    UART_CONTROL_TXRES = 1u << 1,
    UART_CONTROL_RXEN = 1u << 2,
    UART_CONTROL_RXDIS = 1u << 3,
    UART_CONTROL_TXEN = 1u << 4,
    UART_MODE_8N1 = 0x20,
    UART_MODE_LOCAL_LOOPBACK = 0x200, // CHMODE = 2
    UART_STATUS_RTRIG = 1u << 0,
    UART_STATUS_REMPTY = 1u << 1,
    UART_STATUS_RFUL = 1u << 2,
    UART_STATUS_TEMPTY = 1u << 3,
    UART_STATUS_TFUL = 1u << 4,
    UART_STATUS_TACTIVE = 1u << 11,
    UART_INT_RTRIG = 1u << 0,
    UART_INT_ALL = 0x3fff,
};

static inline uint32_t uart_read(enum uart_register offset)
{
    return mmio_read32(UART_BASE + offset);
}

static inline void uart_write(enum uart_register offset, uint32_t value)
{
    mmio_write32(UART_BASE + offset, value);
}

// With a trigger of one character the status is never 0: either the FIFO is empty or it is at its
// trigger. So 0 is what an address answers that nothing stands behind, for as long as that is so.
static inline bool uart_readable(void)
{
    const uint32_t status = uart_read(UART_CHANNEL_STS);
    return status != 0 && !(status & UART_STATUS_REMPTY);
}

static inline bool uart_writable(void)
{
    return !(uart_read(UART_CHANNEL_STS) & UART_STATUS_TFUL);
}

// A UART stands there, and is as whoever plugged it in left it: nobody has taken its interrupts.
static inline bool uart_fresh(void)
{
    return uart_read(UART_MODE) != 0 && !(uart_read(UART_INTRPT_MASK) & UART_INT_ALL);
}

// Ready to send and receive with all interrupts off, losing nothing that was received before.
void uart_init(void);

// Sends one character, waiting for room by polling.
void uart_put(char c);

// Waits until the last character has left the shift register.
void uart_flush(void);

// The character that waits in the receive FIFO; only when uart_readable().
char uart_take(void);

// Opens the interrupt for received characters, in the UART only.
void uart_rx_irq_enable(void);

// Gives everything received to `sink` and leaves the interrupt line low exactly if the FIFO is
// empty. Returns the number of characters. The body of an interrupt handler.
uint64_t uart_service_rx(void (*sink)(char));

// The same, but it stops when there is no room for another character; the rest then waits in the
// FIFO, and the line stays high.
uint64_t uart_service_rx_while(bool (*room)(void), void (*sink)(char));

// Connects the transmitter with the receiver inside the UART, or ends that.
void uart_loopback(bool on);
