// SPDX-License-Identifier: Apache-2.0
// Distributor set-up and the acknowledge / end-of-interrupt frame around irq_taken.

#include "gic.h"

#include "clock.h"
#include "mmio.h"

enum gicc_register
{
    GICC_CTLR = 0x00,
    GICC_PMR = 0x04,
    GICC_IAR = 0x0c,
    GICC_EOIR = 0x10,
};

static uint64_t spurious;

void gic_dispatch(void); // called by vectors.S

void gic_init(void)
{
    mmio_write32(GICD_BASE + GICD_CTLR, 1);
    mmio_write32(GICC_BASE + GICC_PMR, 0xff);
    mmio_write32(GICC_BASE + GICC_CTLR, 1); // EOImode 0: one write ends the interrupt
}

static uintptr_t icfgr_address(uint32_t intid)
{
    return GICD_BASE + GICD_ICFGR + intid / 16 * 4;
}

uint32_t gic_icfgr(uint32_t intid)
{
    return mmio_read32(icfgr_address(intid));
}

void gic_set_edge(uint32_t intid, bool edge)
{
    const uint32_t bit = 2u << intid % 16 * 2;
    const uint32_t others = gic_icfgr(intid) & ~bit;
    mmio_write32(icfgr_address(intid), others | (edge ? bit : 0));
}

void gic_enable(uint32_t intid)
{
    mmio_write8(GICD_BASE + GICD_IPRIORITYR + intid, 0xa0);
    if (intid >= 32)
    {
        mmio_write8(GICD_BASE + GICD_ITARGETSR + intid, 1); // CPU 0
    }
    mmio_write32(GICD_BASE + GICD_ISENABLER + intid / 32 * 4, 1u << intid % 32);
}

void gic_disable(uint32_t intid)
{
    mmio_write32(GICD_BASE + GICD_ICENABLER + intid / 32 * 4, 1u << intid % 32);
}

uint64_t gic_spurious(void)
{
    return spurious;
}

void gic_dispatch(void)
{
    const uint32_t iar = mmio_read32(GICC_BASE + GICC_IAR);
    const uint32_t intid = iar & 0x3ff;
    if (intid >= 1020)
    {
        ++spurious; // must not be written to EOIR
        return;
    }
    if (intid == VIRTUAL_TIMER_INTID)
    {
        clock_alarm_rang();
    }
    else
    {
        irq_taken(intid);
    }
    mmio_write32(GICC_BASE + GICC_EOIR, iar);
}

__attribute__((weak)) void irq_taken(uint32_t intid)
{
    gic_disable(intid);
}
