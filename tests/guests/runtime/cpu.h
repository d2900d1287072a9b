// SPDX-License-Identifier: Apache-2.0
// The few instructions of the CPU that C has no words for.
#pragma once

#include <stdint.h>

#define read_sysreg(name)                                                                          \
    __extension__({                                                                                \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " #name : "=r"(value_) : : "memory");                            \
        value_;                                                                                    \
    })

#define write_sysreg(name, value)                                                                  \
    __asm__ volatile("msr " #name ", %0\n\tisb" : : "r"((uint64_t)(value)) : "memory")

static inline void irq_mask(void)
{
    __asm__ volatile("msr daifset, #2" : : : "memory");
}

static inline void irq_unmask(void)
{
    __asm__ volatile("msr daifclr, #2\n\tisb" : : : "memory");
}

static inline void wait_for_interrupt(void)
{
    __asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

static inline void barrier(void)
{
    __asm__ volatile("dsb sy\n\tisb" : : : "memory");
}
