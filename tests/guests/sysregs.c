// SPDX-License-Identifier: Apache-2.0
// Reads and writes each system register of the table, and says which of it is undefined here.

#include "sysregs.h"

#include <stdbool.h>

#include "runtime.h"

// What it holds, or nothing if there is no such register.
static bool read_register(const struct sysreg* which, uint64_t* value)
{
    exceptions_skip_begin();
    *value = which->read();
    return exceptions_skip_end() == 0;
}

static bool write_register(const struct sysreg* which, uint64_t value)
{
    exceptions_skip_begin();
    which->write(value);
    return exceptions_skip_end() == 0;
}

// A register is written what was read from it, one that cannot be read gets 0.
static void try_register(const struct sysreg* which)
{
    uint64_t value = 0;
    say("sysregs: %s", which->name);
    if (which->read != 0)
    {
        if (read_register(which, &value))
        {
            say(" read 0x%lx", value);
        }
        else
        {
            say(" read undef");
            value = 0;
        }
    }
    if (which->write != 0)
    {
        say(" write %s", write_register(which, value) ? "ok" : "undef");
    }
    say("\n");
}

static bool has_pmu(void)
{
    exceptions_skip_begin();
    (void)read_sysreg(pmcr_el0);
    return exceptions_skip_end() == 0;
}

void guest_main(void)
{
    const bool pmu = has_pmu();
    if (pmu)
    {
        say("sysregs: pmu selects %lu\n", read_sysreg(pmselr_el0));
        // Which counter PMXEVTYPER and PMXEVCNTR are, a reset leaves open; it may be one that is not.
        write_sysreg(pmselr_el0, 0);
    }
    for (const struct sysreg* which = sysregs; which != sysregs_end; ++which)
    {
        try_register(which);
    }
    if (pmu)
    {
        try_pmu();
    }
    say("sysregs: end\n");
    machine_off();
}
