// SPDX-License-Identifier: Apache-2.0
// Resets the machine as soon as it runs.

#include "runtime.h"

void guest_main(void)
{
    say("resetloop: again\n");
    machine_reset();
}
