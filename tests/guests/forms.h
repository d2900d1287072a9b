// SPDX-License-Identifier: Apache-2.0
// Loads and stores of which the CPU does not tell a hypervisor what they are, one instruction each.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// What an instruction sees and leaves: x0 is its base, x1 an index of 16, x2 to x4 and v2 to v5 its
// data. Laid out by forms_table.S.
struct form_registers
{
    uint64_t x[5];
    uint64_t unused;
    uint64_t v[4][2];
};

// Laid out by forms_table.S.
struct form
{
    const char* text;      // the instruction
    void (*perform)(void); // for form_run()
    uint32_t store;        // 0: it loads
    uint32_t bytes;        // that it touches
    uint32_t before;       // from its base to the first of them
    uint32_t element;      // bytes: what it is aligned to
};

extern const struct form forms[];
extern const struct form forms_end[];

// Performs it with these registers, and gives them back as it left them.
void form_run(void (*perform)(void), struct form_registers* registers);
