// SPDX-License-Identifier: Apache-2.0
// From the entry code to the program, and out again.

#include "runtime.h"

struct boot_record boot;

void runtime_main(void);

void runtime_main(void)
{
    exceptions_init();
    psci_init(boot.el);
    guest_before_uart();
    uart_init();
    guest_main();
    halt();
}

__attribute__((weak)) void guest_before_uart(void) {}

__attribute__((weak)) void secondary_main(uint64_t index)
{
    (void)index;
    halt();
}

void halt(void)
{
    for (;;)
    {
        wait_for_interrupt();
    }
}

void machine_off(void)
{
    uart_flush();
    psci_system_off();
    say("psci: cannot power off\n");
    irq_mask();
    halt();
}

void machine_reset(void)
{
    uart_flush();
    psci_system_reset();
    say("psci: cannot reset\n");
    irq_mask();
    halt();
}
