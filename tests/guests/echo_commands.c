// SPDX-License-Identifier: Apache-2.0
// Answers and obeys the commands of echo.elf.

#include "echo_commands.h"

#include "power_key.h"
#include "runtime.h"

static bool reset_armed;

static bool same(const char* a, const char* b)
{
    while (*a && *a == *b)
    {
        ++a;
        ++b;
    }
    return *a == *b;
}

bool echo_command(const char* line, const struct echo_counts* counts)
{
    if (same(line, "?"))
    {
        say("echo: irqs %lu lines %lu chars %lu spurious %lu\n", counts->interrupts, counts->lines,
            counts->characters, gic_spurious());
    }
    else if (same(line, "!off"))
    {
        say("echo: !off\n");
        machine_off();
    }
    else if (same(line, "!reset"))
    {
        reset_armed = true;
        say("echo: !reset\n");
    }
    else if (same(line, "!hang"))
    {
        say("echo: !hang\n");
        irq_mask();
        for (;;)
        {
            __asm__ volatile("" : : : "memory"); // busy on purpose: WFI would be idle, not hung
        }
    }
    else if (same(line, "!deaf"))
    {
        power_key_disable();
        say("echo: !deaf\n");
    }
    else
    {
        return false;
    }
    return true;
}

void echo_before_interrupt(void)
{
    if (reset_armed)
    {
        psci_system_reset(); // not machine_reset: that would look at the UART
    }
}
