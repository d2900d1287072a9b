// SPDX-License-Identifier: Apache-2.0
// Watches its clock without a pause, and says once a second how far it moved at the most between
// two looks: what somebody took of its time.

#include "runtime.h"

void guest_main(void)
{
    const uint64_t second = clock_ticks_per_second();
    say("pause: ready\n");
    for (;;)
    {
        uint64_t longest = 0;
        uint64_t before = clock_ticks();
        const uint64_t begin = before;
        while (before - begin < second)
        {
            const uint64_t now = clock_ticks();
            longest = now - before > longest ? now - before : longest;
            before = now;
        }
        say("pause: longest step %lu us\n", longest * 1000000 / second);
    }
}
