// SPDX-License-Identifier: Apache-2.0
// The generic timer's virtual half: never assume its frequency, boards and emulators differ.

#include "clock.h"

#include "cpu.h"
#include "gic.h"

uint64_t clock_ticks(void)
{
    __asm__ volatile("isb" : : : "memory");
    return read_sysreg(cntvct_el0);
}

uint64_t clock_ticks_per_second(void)
{
    const uint64_t frequency = read_sysreg(cntfrq_el0);
    return frequency ? frequency : 100000000; // firmware that forgot it: the ZCU102's real rate
}

void clock_delay_ms(uint64_t ms)
{
    const uint64_t start = clock_ticks();
    const uint64_t ticks = clock_ticks_per_second() * ms / 1000;
    while (clock_ticks() - start < ticks)
    {
    }
}

static uint64_t tick_period; // 0: nobody asked for ticks

void clock_alarm_off(void)
{
    write_sysreg(cntv_ctl_el0, 0);
}

void clock_tick_every(uint64_t ms)
{
    tick_period = clock_ticks_per_second() * ms / 1000;
    gic_enable(VIRTUAL_TIMER_INTID);
    write_sysreg(cntv_cval_el0, clock_ticks() + tick_period);
    write_sysreg(cntv_ctl_el0, 1);
}

__attribute__((weak)) void clock_tick(void) {}

void clock_alarm_rang(void)
{
    if (tick_period == 0)
    {
        clock_alarm_off();
        return;
    }
    write_sysreg(cntv_cval_el0, clock_ticks() + tick_period);
    clock_tick();
}

bool clock_wait_for(const volatile uint64_t* count, uint64_t target, uint64_t timeout_ms)
{
    const uint64_t deadline = clock_ticks() + clock_ticks_per_second() * timeout_ms / 1000;
    gic_enable(VIRTUAL_TIMER_INTID);
    write_sysreg(cntv_cval_el0, deadline);
    write_sysreg(cntv_ctl_el0, 1);
    while (*count < target && clock_ticks() < deadline)
    {
        wait_for_interrupt(); // a masked interrupt that is pending ends it too
        irq_unmask();
        irq_mask();
    }
    clock_alarm_off();
    return *count >= target;
}
