// SPDX-License-Identifier: Apache-2.0
// The performance counters (Arm DDI 0487, D13): that they count, and where their overflow arrives.

#include "runtime.h"
#include "sysregs.h"

#define PMU_PPI 23u  // in a VM
#define PMU_SPI 175u // CPU 0 of a ZynqMP: SPI 143

#define PMCR_E (1u << 0)
#define PMCR_C (1u << 2)
#define CYCLE_COUNTER (1u << 31)
#define EVENT_COUNTER_0 1u
#define SOFTWARE_INCREMENT 0u // PMEVTYPER: the event that PMSWINC makes

static volatile uint64_t taken;
static volatile uint64_t taken_intid;

void irq_taken(uint32_t intid)
{
    // A level that is up until the overflow is forgotten.
    write_sysreg(pmovsclr_el0, 0xffffffff);
    taken_intid = intid;
    ++taken;
}

static void say_overflow(const char* of)
{
    if (taken == 0)
    {
        say("sysregs: pmu %s overflow 0x%lx no interrupt\n", of, read_sysreg(pmovsclr_el0));
    }
    else
    {
        say("sysregs: pmu %s overflow interrupts %lu intid %lu\n", of, taken, taken_intid);
    }
    write_sysreg(pmovsclr_el0, 0xffffffff);
    taken = 0;
}

static void count_cycles(void)
{
    write_sysreg(pmcntenset_el0, CYCLE_COUNTER);
    write_sysreg(pmcr_el0, PMCR_E | PMCR_C);
    const uint64_t first = read_sysreg(pmccntr_el0);
    clock_delay_ms(2);
    const uint64_t second = read_sysreg(pmccntr_el0);
    clock_delay_ms(2);
    const uint64_t third = read_sysreg(pmccntr_el0);
    say("sysregs: pmu cycles %lu %lu\n", second - first, third - second);
}

// Software makes the event, so that no counter of the host's has to overflow.
static void overflow_by_software(void)
{
    write_sysreg(pmevtyper0_el0, SOFTWARE_INCREMENT);
    write_sysreg(pmevcntr0_el0, 0xffffffff);
    write_sysreg(pmcntenset_el0, EVENT_COUNTER_0);
    write_sysreg(pmintenset_el1, EVENT_COUNTER_0);
    write_sysreg(pmswinc_el0, EVENT_COUNTER_0);
    (void)clock_wait_for(&taken, 1, 200);
    say_overflow("software");
    write_sysreg(pmintenclr_el1, EVENT_COUNTER_0);
    write_sysreg(pmcntenclr_el0, EVENT_COUNTER_0);
}

// Where the host is a CPU, its own overflow interrupt is what tells of this one.
static void overflow_by_cycles(void)
{
    write_sysreg(pmccntr_el0, 0xffff0000);
    write_sysreg(pmintenset_el1, CYCLE_COUNTER);
    irq_unmask();
    clock_delay_ms(50);
    irq_mask();
    say_overflow("cycle");
    write_sysreg(pmintenclr_el1, CYCLE_COUNTER);
    write_sysreg(pmcntenclr_el0, CYCLE_COUNTER);
}

void try_pmu(void)
{
    gic_init();
    gic_enable(PMU_PPI);
    gic_enable(PMU_SPI);
    write_sysreg(pmovsclr_el0, 0xffffffff);
    say("sysregs: pmu counters %lu\n", read_sysreg(pmcr_el0) >> 11 & 0x1f);
    count_cycles();
    overflow_by_software();
    overflow_by_cycles();
}
