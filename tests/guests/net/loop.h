// SPDX-License-Identifier: Apache-2.0
// Frames to oneself, inside the MAC: DMA and interrupts without a wire.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

// False if one is under way, or there is no GEM.
bool loop_start(uint64_t count);

// The wire is cut off.
bool loop_running(void);

void loop_pump(void);
void loop_take(const struct frame* frame);
