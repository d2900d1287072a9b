// SPDX-License-Identifier: Apache-2.0
// Lines from the UART: collected by its interrupt, taken when there is time.
#pragma once

// The body of the UART's interrupt handler.
void lines_interrupt(void);

// The UART was just plugged in: takes what it has already received.
void lines_plugged(void);

// The next whole line, without its end; 0 if there is none yet. It is gone with the next call.
const char* lines_take(void);
