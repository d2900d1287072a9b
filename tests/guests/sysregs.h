// SPDX-License-Identifier: Apache-2.0
// System registers that start code touches at EL1, each with the instructions that do it.
#pragma once

#include <stdint.h>

// Laid out by sysregs_table.S. What the register cannot do by its architecture is null.
struct sysreg
{
    const char* name;
    uint64_t (*read)(void);
    void (*write)(uint64_t value);
};

extern const struct sysreg sysregs[];
extern const struct sysreg sysregs_end[];

// Counts with the PMU, and lets it overflow; says what came of it. There must be one.
void try_pmu(void);
