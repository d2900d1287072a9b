// SPDX-License-Identifier: Apache-2.0
// Time from the virtual counter, and a sleep that ends even if the awaited interrupt is lost.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VIRTUAL_TIMER_INTID 27u // PPI 11

uint64_t clock_ticks(void);
uint64_t clock_ticks_per_second(void);
void clock_delay_ms(uint64_t ms);

// Sleeps in WFI until *count has reached `target`; false if `timeout_ms` passes before. Called
// with IRQs masked: they are taken in here only, so none can slip in between look and sleep.
bool clock_wait_for(const volatile uint64_t* count, uint64_t target, uint64_t timeout_ms);

void clock_alarm_off(void);

// Calls clock_tick() from the interrupt handler every so many milliseconds, from now on. Not
// together with clock_wait_for(): there is one timer.
void clock_tick_every(uint64_t ms);
void clock_tick(void);

// The timer's interrupt has come.
void clock_alarm_rang(void);
