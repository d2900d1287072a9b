// SPDX-License-Identifier: Apache-2.0
// Writes garbage into the devices that the guest owns, and puts them right again.

#include "hostile.h"

#include "runtime.h"

// Everything back to what IHI 0048 chapter 4.3 gives at reset, for up to 192 interrupts.
static void restore_gicd(void)
{
    mmio_write32(GICD_BASE + GICD_CTLR, 0);
    for (uint32_t i = 0; i < 192 / 8; i += 4)
    {
        mmio_write32(GICD_BASE + GICD_ICENABLER + i, 0xffffffff);
        mmio_write32(GICD_BASE + GICD_ICPENDR + i, 0xffffffff);
        mmio_write32(GICD_BASE + GICD_ICACTIVER + i, 0xffffffff);
        mmio_write32(GICD_BASE + GICD_IGROUPR + i, 0);
    }
    for (uint32_t i = 0; i < 192; i += 4)
    {
        mmio_write32(GICD_BASE + GICD_IPRIORITYR + i, 0);
        mmio_write32(GICD_BASE + GICD_ITARGETSR + i, 0);
    }
    for (uint32_t i = 0; i < 192 / 4; i += 4)
    {
        mmio_write32(GICD_BASE + GICD_ICFGR + i, 0);
    }
    for (uint32_t i = 0; i < 16; i += 4)
    {
        mmio_write32(GICD_BASE + GICD_CPENDSGIR + i, 0xffffffff);
    }
}

// The whole page, words and bytes. IRQs are masked in the CPU, so whatever becomes pending by
// this is not taken; GICv2 has nothing that a write could lock for good.
void hostile_gicd(uint64_t count)
{
    while (count--)
    {
        const uint64_t random = hostile_random();
        const uintptr_t address = GICD_BASE + (random & 0xfff);
        if (random & 0x1000)
        {
            mmio_write8(address, (uint8_t)(random >> 32));
        }
        else
        {
            mmio_write32(address & ~3ull, (uint32_t)(random >> 32));
        }
    }
    restore_gicd();
}

static const enum uart_register kept[] = {
    UART_MODE,         UART_BAUD_RATE_GEN, UART_BAUD_RATE_DIV, UART_RCVR_TIMEOUT,
    UART_RCVR_TRIGGER, UART_MODEM_CTRL,    UART_FLOW_DELAY,    UART_TX_TRIGGER,
};

#define KEPT_COUNT (sizeof(kept) / sizeof(kept[0]))

// All registers but the FIFO, for the sake of whoever reads the other end of the line. Interrupts
// open and close at random on the way: the host sees a line that is never served.
void hostile_uart(uint64_t count)
{
    uint32_t values[KEPT_COUNT];
    for (unsigned i = 0; i < KEPT_COUNT; ++i)
    {
        values[i] = uart_read(kept[i]);
    }
    while (count--)
    {
        const uint64_t random = hostile_random();
        const uint32_t offset = (uint32_t)(random & 0x3f) * 4 % 0x4c;
        if (offset != UART_FIFO)
        {
            mmio_write32(UART_BASE + offset, (uint32_t)(random >> 32));
        }
        (void)mmio_read32(UART_BASE + (random >> 8 & 0xffc));
    }

    uart_write(UART_INTRPT_DIS, UART_INT_ALL);
    uart_write(UART_CONTROL, UART_CONTROL_RXRES | UART_CONTROL_TXRES);
    while (uart_read(UART_CONTROL) & (UART_CONTROL_RXRES | UART_CONTROL_TXRES))
    {
    }
    for (unsigned i = 0; i < KEPT_COUNT; ++i)
    {
        uart_write(kept[i], values[i]);
    }
    uart_write(UART_CHNL_INT_STS, UART_INT_ALL);
    uart_write(UART_CONTROL, UART_CONTROL_RXEN | UART_CONTROL_TXEN);
}
