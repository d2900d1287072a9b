// SPDX-License-Identifier: Apache-2.0
// The two or three things a guest wants to know from a flattened device tree.
#pragma once

#include <stdint.h>

uint64_t fdt_magic(uint64_t address);
uint64_t fdt_size(uint64_t address);

// The sum of all sizes in `reg` of the root's memory nodes; 0 if there is none or it is no tree.
uint64_t fdt_memory_bytes(uint64_t address);
