// SPDX-License-Identifier: Apache-2.0
// The GICv2 of ZynqMP (Arm IHI 0048): just enough to take interrupts on CPU 0.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GICD_BASE 0xf9010000u
#define GICC_BASE 0xf9020000u

enum gicd_register
{
    GICD_CTLR = 0x000,
    GICD_TYPER = 0x004,
    GICD_IIDR = 0x008,
    GICD_IGROUPR = 0x080,
    GICD_ISENABLER = 0x100,
    GICD_ICENABLER = 0x180,
    GICD_ICPENDR = 0x280,
    GICD_ICACTIVER = 0x380,
    GICD_IPRIORITYR = 0x400,
    GICD_ITARGETSR = 0x800,
    GICD_ICFGR = 0xc00,
    GICD_SGIR = 0xf00,
    GICD_CPENDSGIR = 0xf10,
};

// Opens the distributor and this CPU's interface. Touches no single interrupt.
void gic_init(void);

// Level or edge (IHI 0048 4.3.13). Not called where the setting at reset is what is tested.
void gic_set_edge(uint32_t intid, bool edge);

// The whole GICD_ICFGR register that holds the two bits of this interrupt.
uint32_t gic_icfgr(uint32_t intid);

void gic_enable(uint32_t intid);
void gic_disable(uint32_t intid);

// Acknowledges with IDs 1020 to 1023, which are no interrupts (IHI 0048 3.2.5).
uint64_t gic_spurious(void);

// Given by the program: an interrupt was acknowledged, its end is signalled after the return.
// The virtual timer's does not come here (clock.h).
void irq_taken(uint32_t intid);
