// SPDX-License-Identifier: Apache-2.0
// Memory that a device may read and write: the device tree's banks without what is reserved there.
#pragma once

#include <stdint.h>

// From the device tree at the address, or, if there is none (0), a part of the image's own memory.
void dma_memory_init(uint64_t device_tree);

// Zeroed, from one bank after the other in turn, so that all of them are used; 0 if there is no
// room. Never freed. What it gives lies within 4 GiB if it is no larger than its alignment.
uint64_t dma_allocate(uint64_t size, uint64_t alignment);

// A line for each area: program name, begin, end.
void dma_memory_say(const char* program);
