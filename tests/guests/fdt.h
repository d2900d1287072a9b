// SPDX-License-Identifier: Apache-2.0
// The few things a guest wants to know from a flattened device tree.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef void (*fdt_range_sink)(uint64_t base, uint64_t size);

uint64_t fdt_magic(uint64_t address);
uint64_t fdt_size(uint64_t address);

// The next four give or find nothing if there is no tree at the address.

// Each entry of `reg` of the root's memory nodes.
void fdt_each_memory(uint64_t address, fdt_range_sink sink);

// Each entry of `reg` of the children of /reserved-memory, and of the memory reservation block.
void fdt_each_reserved(uint64_t address, fdt_range_sink sink);

// The sum of all sizes that fdt_each_memory would give.
uint64_t fdt_memory_bytes(uint64_t address);

// Copies a property of exactly `length` bytes out of the first node of that name, wherever it is.
bool fdt_read_bytes(uint64_t address, const char* node, const char* property, uint8_t* to,
                    uint32_t length);
