// SPDX-License-Identifier: Apache-2.0
// Tells when its first instruction ran, on the physical counter that the host can read as well.

#include "runtime.h"

void guest_main(void)
{
    say("first: cntpct %lu\n", boot.cntpct);
    machine_off();
}
