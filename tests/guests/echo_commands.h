// SPDX-License-Identifier: Apache-2.0
// The lines that echo.elf does not send back but obeys.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct echo_counts
{
    uint64_t interrupts;
    uint64_t lines;
    uint64_t characters;
};

// ?       answer with the counts
// !off    SYSTEM_OFF now
// !reset  SYSTEM_RESET in the next UART interrupt, before anything is done about it
// !hang   spin with interrupts masked
// !deaf   take no notice of the power key any more
// False if the line is none of these.
bool echo_command(const char* line, const struct echo_counts* counts);

// The place where an armed !reset strikes.
void echo_before_interrupt(void);
