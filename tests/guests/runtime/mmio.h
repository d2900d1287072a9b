// SPDX-License-Identifier: Apache-2.0
// Register accesses as single plain loads and stores.
#pragma once

#include <stdint.h>

// Written in assembly on purpose: a compiler may pick a pre- or post-indexed form even for a
// volatile access, which costs a virtual machine far more. forms.elf tries those forms.

static inline uint32_t mmio_read32(uintptr_t address)
{
    uint32_t value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline void mmio_write8(uintptr_t address, uint8_t value)
{
    __asm__ volatile("strb %w0, [%1]" : : "r"((uint32_t)value), "r"(address) : "memory");
}
