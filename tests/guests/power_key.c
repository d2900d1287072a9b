// SPDX-License-Identifier: Apache-2.0
// One pin of the ZynqMP GPIO controller (UG1087, module GPIO), rising edge.

#include "power_key.h"

#include "runtime.h"

#define GPIO_BASE 0xff0a0000u
#define PIN (1u << 22) // in bank 0, MIO 0 to 25

enum gpio_register
{
    GPIO_INT_EN_0 = 0x210,
    GPIO_INT_DIS_0 = 0x214,
    GPIO_INT_STAT_0 = 0x218,     // write one to clear
    GPIO_INT_TYPE_0 = 0x21c,     // 1 is edge
    GPIO_INT_POLARITY_0 = 0x220, // 1 is rising
    GPIO_INT_ANY_0 = 0x224,      // 1 is both edges
};

static void set_pin(enum gpio_register offset, bool on)
{
    const uint32_t others = mmio_read32(GPIO_BASE + offset) & ~PIN;
    mmio_write32(GPIO_BASE + offset, others | (on ? PIN : 0));
}

void power_key_enable(void)
{
    // Without the controller these accesses abort on a bare machine, and read 0 in a VM.
    exceptions_skip_begin();
    mmio_write32(GPIO_BASE + GPIO_INT_DIS_0, PIN);
    set_pin(GPIO_INT_TYPE_0, true);
    set_pin(GPIO_INT_POLARITY_0, true);
    set_pin(GPIO_INT_ANY_0, false);
    mmio_write32(GPIO_BASE + GPIO_INT_STAT_0, PIN); // the set-up itself may have latched one
    mmio_write32(GPIO_BASE + GPIO_INT_EN_0, PIN);
    if (exceptions_skip_end() == 0)
    {
        gic_set_edge(POWER_KEY_INTID, false);
        gic_enable(POWER_KEY_INTID);
    }
}

void power_key_disable(void)
{
    gic_disable(POWER_KEY_INTID);
    exceptions_skip_begin();
    mmio_write32(GPIO_BASE + GPIO_INT_DIS_0, PIN);
    exceptions_skip_end();
}

bool power_key_pressed(void)
{
    const bool pressed = mmio_read32(GPIO_BASE + GPIO_INT_STAT_0) & PIN;
    mmio_write32(GPIO_BASE + GPIO_INT_STAT_0, PIN);
    // Read back: the line has to be low before the end of the interrupt is signalled.
    (void)mmio_read32(GPIO_BASE + GPIO_INT_STAT_0);
    return pressed;
}
