// SPDX-License-Identifier: Apache-2.0
// The forms of access for which the CPU gives a hypervisor no syndrome to emulate them from.

#include "hostile.h"

// Arm ARM (DDI 0487) ESR_ELx, ISV: pairs, writeback, exclusives and cache maintenance report an
// abort without register and width. A hypervisor has to read the instruction, or to reflect the
// abort.

static uint64_t unmapped(void)
{
    return hostile_address() & ~15ull;
}

void hostile_pair(uint64_t count)
{
    while (count--)
    {
        const uint64_t address = unmapped();
        uint64_t a = 1;
        uint64_t b = 2;
        switch (count & 3)
        {
        case 0:
            __asm__ volatile("ldp %0, %1, [%2]" : "+r"(a), "+r"(b) : "r"(address) : "memory");
            break;
        case 1:
            __asm__ volatile("stp %0, %1, [%2]" : : "r"(a), "r"(b), "r"(address) : "memory");
            break;
        case 2:
            __asm__ volatile("ldp %w0, %w1, [%2]" : "+r"(a), "+r"(b) : "r"(address) : "memory");
            break;
        default:
            __asm__ volatile("stp %w0, %w1, [%2]" : : "r"(a), "r"(b), "r"(address) : "memory");
            break;
        }
    }
}

void hostile_writeback(uint64_t count)
{
    while (count--)
    {
        uint64_t address = unmapped();
        uint64_t value = 1;
        switch (count & 3)
        {
        case 0:
            __asm__ volatile("ldr %0, [%1], #8" : "+r"(value), "+r"(address) : : "memory");
            break;
        case 1:
            __asm__ volatile("str %w0, [%1, #4]!" : "+r"(value), "+r"(address) : : "memory");
            break;
        case 2:
            __asm__ volatile("ldrb %w0, [%1, #1]!" : "+r"(value), "+r"(address) : : "memory");
            break;
        default:
            __asm__ volatile("stp %0, %0, [%1], #16" : "+r"(value), "+r"(address) : : "memory");
            break;
        }
    }
}

void hostile_exclusive(uint64_t count)
{
    while (count--)
    {
        const uint64_t address = unmapped();
        uint64_t value = 1;
        switch (count & 3)
        {
        case 0:
            __asm__ volatile("ldxr %0, [%1]" : "+r"(value) : "r"(address) : "memory");
            break;
        case 1:
            __asm__ volatile("ldxr xzr, [%1]\n\tstxr w2, %0, [%1]"
                             :
                             : "r"(value), "r"(address)
                             : "x2", "memory");
            break;
        case 2:
            __asm__ volatile("ldar %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
            break;
        default:
            __asm__ volatile("stlr %w0, [%1]" : : "r"(value), "r"(address) : "memory");
            break;
        }
    }
}

void hostile_cache(uint64_t count)
{
    while (count--)
    {
        const uint64_t address = unmapped();
        switch (count % 6)
        {
        case 0:
            __asm__ volatile("dc civac, %0" : : "r"(address) : "memory");
            break;
        case 1:
            __asm__ volatile("dc cvac, %0" : : "r"(address) : "memory");
            break;
        case 2:
            __asm__ volatile("dc cvau, %0" : : "r"(address) : "memory");
            break;
        case 3:
            __asm__ volatile("dc ivac, %0" : : "r"(address) : "memory");
            break;
        case 4:
            __asm__ volatile("dc zva, %0" : : "r"(address) : "memory");
            break;
        default:
            __asm__ volatile("ic ivau, %0" : : "r"(address) : "memory");
            break;
        }
    }
}
