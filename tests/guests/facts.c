// SPDX-License-Identifier: Apache-2.0
// Prints what the machine looks like to a guest at its first breath.

#include "fdt.h"
#include "runtime.h"

#define UNMAPPED 0xff5e0000u // CRL_APB: no guest is ever given it

// All of the UART's registers that can be read without an effect (UG1087), as they were found.
static const uint16_t uart_registers[] = {
    UART_CONTROL,      UART_MODE,          UART_INTRPT_EN,     UART_INTRPT_DIS,   UART_INTRPT_MASK,
    UART_CHNL_INT_STS, UART_BAUD_RATE_GEN, UART_RCVR_TIMEOUT,  UART_RCVR_TRIGGER, UART_MODEM_CTRL,
    UART_MODEM_STS,    UART_CHANNEL_STS,   UART_BAUD_RATE_DIV, UART_FLOW_DELAY,   UART_TX_TRIGGER,
};
enum
{
    UART_REGISTERS = sizeof uart_registers / sizeof uart_registers[0],
};
static uint32_t uart_found[UART_REGISTERS];

void guest_before_uart(void)
{
    for (uint32_t n = 0; n < UART_REGISTERS; ++n)
    {
        uart_found[n] = mmio_read32(UART_BASE + uart_registers[n]);
    }
}

static void print_uart(void)
{
    for (uint32_t n = 0; n < UART_REGISTERS; ++n)
    {
        say("facts: uart 0x%lx found 0x%lx\n", (uint64_t)uart_registers[n],
            (uint64_t)uart_found[n]);
    }
}

static void print_unmapped(void)
{
    exceptions_skip_begin();
    const uint32_t value = mmio_read32(UNMAPPED);
    if (exceptions_skip_end() == 0)
    {
        say("facts: unmapped 0x%lx\n", (uint64_t)value);
    }
    else
    {
        say("facts: unmapped abort\n");
    }
}

static void print_device_tree(void)
{
    if (boot.dtb == 0)
    {
        return;
    }
    say("facts: dtb magic 0x%lx size %lu\n", fdt_magic(boot.dtb), fdt_size(boot.dtb));
    const uint64_t ram = fdt_memory_bytes(boot.dtb);
    if (ram != 0)
    {
        say("facts: ram %lu MiB\n", ram >> 20);
    }
}

void guest_main(void)
{
    const uint32_t icfgr = gic_icfgr(UART_INTID);
    say("facts: el %lu\n", boot.el);
    say("facts: mpidr 0x%lx\n", read_sysreg(mpidr_el1));
    say("facts: cntfrq %lu\n", read_sysreg(cntfrq_el0));
    say("facts: psci %s\n", psci_conduit());
    say("facts: gicd typer 0x%lx iidr 0x%lx\n", (uint64_t)mmio_read32(GICD_BASE + GICD_TYPER),
        (uint64_t)mmio_read32(GICD_BASE + GICD_IIDR));
    say("facts: icfgr53 0x%lx\n", (uint64_t)(icfgr >> UART_INTID % 16 * 2 & 3));
    say("facts: x0 0x%lx\n", boot.dtb);
    print_device_tree();
    print_unmapped();
    print_uart();
    say("facts: uart sr 0x%lx\n", (uint64_t)uart_read(UART_CHANNEL_STS));
    say("facts: end\n");
    machine_off();
}
