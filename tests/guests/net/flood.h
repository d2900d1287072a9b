// SPDX-License-Identifier: Apache-2.0
// As many frames to all as the transmitter takes; nobody answers, who hears them counts.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

void flood_set(bool on);
void flood_pump(void);
void flood_take(const struct frame* frame);

uint64_t flood_sent(void);
uint64_t flood_received(void);
