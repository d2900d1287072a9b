// SPDX-License-Identifier: Apache-2.0
// Floods the hypervisor and the firmware with calls that mean nothing.

#include "hostile.h"

#include <stdbool.h>

// What a machine may rightly obey by stopping, or by starting a CPU at a random address. PSCI
// (DEN0022): CPU_SUSPEND 1, CPU_OFF 2, CPU_ON 3, SYSTEM_OFF 8, SYSTEM_RESET 9, CPU_FREEZE 11,
// CPU_DEFAULT_SUSPEND 12, SYSTEM_SUSPEND 14, SYSTEM_RESET2 18.
static bool stops_by_psci(uint32_t function)
{
    const uint32_t stops =
        1u << 1 | 1u << 2 | 1u << 3 | 1u << 8 | 1u << 9 | 1u << 11 | 1u << 12 | 1u << 14 | 1u << 18;
    const uint32_t number = function & 0xffff;
    return (function & 0xbfff0000) == 0x84000000 && number < 32 && (stops >> number & 1);
}

// EEMI (UG1200): SELF_SUSPEND 7, FORCE_POWERDOWN 8, SYSTEM_SHUTDOWN 12.
static bool stops_by_eemi(uint32_t function)
{
    const uint32_t number = function & 0xffff;
    return (function & 0xbfff0000) == 0x82000000 && (number == 7 || number == 8 || number == 12);
}

static bool stops(uint32_t function)
{
    const bool by_psci_0_1 = function >= 0x95c1ba5e && function <= 0x95c1ba61; // before DEN0022B
    return stops_by_psci(function) || stops_by_eemi(function) || by_psci_0_1;
}

// One in four is any number at all, the others look like SMCCC (DEN0028): fast or not, 32 or 64
// bits, one of the eight owners that mean something, a small function number.
static uint32_t random_function(void)
{
    uint32_t function;
    do
    {
        const uint64_t random = hostile_random();
        function = (uint32_t)random;
        if ((random >> 32 & 3) != 0)
        {
            function &= 0xc7000000 | (random >> 34 & 1 ? 0x3f : 0xffff);
        }
    } while (stops(function));
    return function;
}

#define FLOOD(instruction)                                                                         \
    do                                                                                             \
    {                                                                                              \
        register uint64_t x0 __asm__("x0") = random_function();                                    \
        register uint64_t x1 __asm__("x1") = x0 * 0x9e3779b97f4a7c15;                              \
        register uint64_t x2 __asm__("x2") = x1 >> 17;                                             \
        register uint64_t x3 __asm__("x3") = x1 << 13;                                             \
        __asm__ volatile(instruction " #0"                                                         \
                         : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                                  \
                         :                                                                         \
                         : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",  \
                           "x15", "x16", "x17", "memory");                                         \
    } while (0)

void hostile_smc(uint64_t count)
{
    while (count--)
    {
        FLOOD("smc");
    }
}

void hostile_hvc(uint64_t count)
{
    while (count--)
    {
        FLOOD("hvc");
    }
}
