// SPDX-License-Identifier: Apache-2.0
// Memory accesses of every form to places where nothing is.

#include "hostile.h"

#include <stdbool.h>

#include "psci.h"

#define PAGE 0xfffull
#define UART_PAGE 0xff000000ull
#define GIC_FIRST 0xf9000000ull
#define GIC_LAST 0xf90fffffull

static bool own(uint64_t address)
{
    return (address & ~PAGE) == UART_PAGE || (address >= GIC_FIRST && address <= GIC_LAST);
}

// On the bare machine the upper two of these gigabytes are full of real devices, and garbage in
// them stops it for good: there, keep to the windows of a programmable logic that is empty.
uint64_t hostile_address(void)
{
    const uint64_t range = psci_conduit_is_hvc() ? 0x7fffffff : 0x3fffffff;
    uint64_t address;
    do
    {
        address = 0x80000000 | (hostile_random() & range);
    } while (own(address));
    return address;
}

static uint64_t high_address(void)
{
    const uint64_t address = hostile_random() & 0xfffffffff;
    return address < 0x100000000 ? address + 0x100000000 : address;
}

#define LOAD(form, width)                                                                          \
    __asm__ volatile(form " %" width "0, [%1]" : "=r"(value) : "r"(address) : "memory")
#define STORE(form, width)                                                                         \
    __asm__ volatile(form " %" width "0, [%1]" : : "r"(value), "r"(address) : "memory")

static void access(uint64_t address, unsigned kind, uint64_t value)
{
    switch (kind & 7)
    {
    case 0:
        LOAD("ldrb", "w");
        break;
    case 1:
        LOAD("ldrh", "w");
        break;
    case 2:
        LOAD("ldr", "w");
        break;
    case 3:
        LOAD("ldr", "x");
        break;
    case 4:
        STORE("strb", "w");
        break;
    case 5:
        STORE("strh", "w");
        break;
    case 6:
        STORE("str", "w");
        break;
    default:
        STORE("str", "x");
        break;
    }
}

static uint64_t aligned(uint64_t address, unsigned kind)
{
    return address & ~((1ull << (kind & 3)) - 1);
}

void hostile_low(uint64_t count)
{
    while (count--)
    {
        const unsigned kind = hostile_random() & 7;
        access(aligned(hostile_address(), kind), kind, hostile_random());
    }
}

void hostile_high(uint64_t count)
{
    while (count--)
    {
        const unsigned kind = hostile_random() & 7;
        access(aligned(high_address(), kind), kind, hostile_random());
    }
}

void hostile_misaligned(uint64_t count)
{
    while (count--)
    {
        const unsigned kind = hostile_random() & 7;
        access(hostile_address() | 1, kind, hostile_random());
    }
}

void hostile_fetch(uint64_t count)
{
    while (count--)
    {
        const uint64_t address = hostile_address() & ~3ull;
        // Should there be an instruction after all, it may use what a function may use.
        __asm__ volatile("blr %0"
                         :
                         : "r"(address)
                         : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                           "x12", "x13", "x14", "x15", "x16", "x17", "x30", "cc", "memory");
    }
}
