// SPDX-License-Identifier: Apache-2.0
// Keeps, sorts and prints the figures of bench.elf.

#include "bench_samples.h"

#include "text.h"

void samples_put(struct samples* samples, uint64_t index, uint64_t warm_up, uint64_t value)
{
    if (index == 0)
    {
        samples->count = 0;
    }
    if (index >= warm_up && samples->count < SAMPLES_MAX)
    {
        samples->values[samples->count++] = value;
    }
}

static void sort(struct samples* samples)
{
    for (uint64_t i = 1; i < samples->count; ++i)
    {
        const uint64_t value = samples->values[i];
        uint64_t at = i;
        for (; at > 0 && samples->values[at - 1] > value; --at)
        {
            samples->values[at] = samples->values[at - 1];
        }
        samples->values[at] = value;
    }
}

void samples_print(struct samples* samples, const char* name)
{
    sort(samples);
    say("bench: %s median %lu min %lu max %lu\n", name, samples->values[samples->count / 2],
        samples->values[0], samples->values[samples->count - 1]);
}

void samples_print_tenths(struct samples* samples, const char* name)
{
    sort(samples);
    const uint64_t median = samples->values[samples->count / 2];
    const uint64_t min = samples->values[0];
    const uint64_t max = samples->values[samples->count - 1];
    say("bench: %s median %lu.%lu min %lu.%lu max %lu.%lu\n", name, median / 10, median % 10,
        min / 10, min % 10, max / 10, max % 10);
}
