// SPDX-License-Identifier: Apache-2.0
// Synchronous exceptions and SErrors: fatal, or counted and skipped where a program expects them.
#pragma once

#include <stdint.h>

// Laid out by vectors.S.
struct exception_frame
{
    uint64_t x[31];
    uint64_t elr;
    uint64_t spsr;
    uint64_t esr;
    uint64_t far;
    uint64_t unused;
};

void exceptions_init(void);

// Between the two an instruction that faults is counted and skipped; its destination register
// keeps its value. A jump to nowhere continues after the call that made it. Not nestable, CPU 0
// only. The end returns the count.
void exceptions_skip_begin(void);
uint64_t exceptions_skip_end(void);
