// SPDX-License-Identifier: Apache-2.0
// A thousand figures and what is said about them.
#pragma once

#include <stdint.h>

#define SAMPLES_MAX 1000

struct samples
{
    uint64_t values[SAMPLES_MAX];
    uint64_t count;
};

// Sample number `index` of a run, of which the first `warm_up` do not count; 0 starts anew.
void samples_put(struct samples* samples, uint64_t index, uint64_t warm_up, uint64_t value);

// "bench: NAME median M min m max x"; sorts. The second takes values in tenths.
void samples_print(struct samples* samples, const char* name);
void samples_print_tenths(struct samples* samples, const char* name);
