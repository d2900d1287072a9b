// SPDX-License-Identifier: Apache-2.0
// The tick of an RTOS: TTC0's first counter (UG1087, module TTC), whose line the GIC has as edge.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TICK_INTID 68u // SPI 36

// Of the timer and of the distributor; the interrupt is not enabled at the GIC.
void tick_stop(void);

void tick_start(uint32_t hertz);

// For the interrupt's handler. False if there was no tick.
bool tick_taken(void);

// From the first tick that was taken to the last: how often the line rose, as the second counter
// has it, which only counts.
uint64_t tick_edges(void);
