// SPDX-License-Identifier: Apache-2.0
// Powers every other CPU on, off and on again through PSCI, then obeys "off" and "reset".

#include "runtime.h"

#define CPUS_MAX 8
#define TIMEOUT_MS 5000

// With the MMU off all memory is Device memory, where exclusives need not work: no locks. Instead
// CPU 0 lets one CPU after the other speak, and each flag here has a single writer.
static volatile uint32_t arrived[CPUS_MAX]; // by its CPU: which round it has come to
static volatile uint32_t round_now;         // by CPU 0
static volatile uint32_t round_over;        // by CPU 0: the round in which CPUs may go off

void secondary_main(uint64_t index)
{
    const uint32_t round = round_now;
    if (round == 1)
    {
        say("smp: cpu %lu mpidr 0x%lx\n", index, read_sysreg(mpidr_el1));
    }
    else
    {
        say("smp: again %lu\n", index);
    }
    barrier();
    arrived[index] = round;
    if (round > 1 && index > 1)
    {
        halt();
    }
    while (round_over != round)
    {
    }
    psci_cpu_off();
    say("smp: cpu %lu is not off\n", index);
    halt();
}

static bool arrives(uint64_t index)
{
    const uint64_t start = clock_ticks();
    const uint64_t ticks = clock_ticks_per_second() * TIMEOUT_MS / 1000;
    while (arrived[index] != round_now && clock_ticks() - start < ticks)
    {
    }
    return arrived[index] == round_now;
}

static bool goes_off(uint64_t index)
{
    const uint64_t start = clock_ticks();
    const uint64_t ticks = clock_ticks_per_second() * TIMEOUT_MS / 1000;
    while (psci_affinity_info(index) != PSCI_AFFINITY_OFF)
    {
        if (clock_ticks() - start >= ticks)
        {
            return false;
        }
    }
    return true;
}

// Powers CPUs 1 to `last` on, one after the other; the number of the last one there is.
static uint64_t power_on(uint64_t last)
{
    ++round_now;
    for (uint64_t index = 1; index <= last; ++index)
    {
        barrier();
        const int64_t result = psci_cpu_on(index, secondary_start, index);
        if (result == PSCI_INVALID_PARAMETERS)
        {
            return index - 1;
        }
        if (result != PSCI_SUCCESS)
        {
            say("smp: CPU_ON %lu gives -%lu\n", index, (uint64_t)-result);
        }
        else if (!arrives(index))
        {
            say("smp: LOST cpu %lu\n", index);
        }
    }
    return last;
}

static void obey_commands(void)
{
    uint64_t seen = 0; // the last eight characters, newest lowest
    for (;;)
    {
        while (!uart_readable())
        {
        }
        seen = seen << 8 | (uint8_t)uart_take();
        if ((seen & 0xffffff) == 0x6f6666) // "off"
        {
            say("smp: off\n");
            machine_off();
        }
        if ((seen & 0xffffffffff) == 0x7265736574) // "reset"
        {
            say("smp: reset\n");
            machine_reset();
        }
    }
}

void guest_main(void)
{
    say("smp: cpu 0 mpidr 0x%lx conduit %s\n", read_sysreg(mpidr_el1), psci_conduit());
    const uint64_t last = power_on(CPUS_MAX - 1);
    round_over = round_now;
    for (uint64_t index = 1; index <= last; ++index)
    {
        if (!goes_off(index))
        {
            say("smp: cpu %lu does not go off\n", index);
        }
    }
    say("smp: all off %lu\n", last);
    power_on(last); // these stay on, CPU 1 spinning, the others asleep: that is how off finds them
    say("smp: ready\n");
    obey_commands();
}
