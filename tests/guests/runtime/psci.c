// SPDX-License-Identifier: Apache-2.0
// Picks HVC or SMC by trying, so that one binary runs in a VM and on the bare machine.

#include "psci.h"

#include "exceptions.h"

#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

enum conduit
{
    CONDUIT_NONE,
    CONDUIT_HVC,
    CONDUIT_SMC,
};

static enum conduit conduit;

// SMCCC (Arm DEN0028): x0 to x3 in, x0 out, up to x17 may be lost.
#define CALL(instruction)                                                                          \
    __asm__ volatile(instruction " #0"                                                             \
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                                      \
                     :                                                                             \
                     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",      \
                       "x15", "x16", "x17", "memory")

static int64_t call_by(enum conduit by, uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;
    if (by == CONDUIT_HVC)
    {
        CALL("hvc");
    }
    else if (by == CONDUIT_SMC)
    {
        CALL("smc");
    }
    else
    {
        return PSCI_NOT_SUPPORTED;
    }
    return (int64_t)x0;
}

static int64_t call(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    return call_by(conduit, function, a, b, c);
}

static bool answers(enum conduit by)
{
    exceptions_skip_begin();
    const int64_t version = call_by(by, PSCI_VERSION, 0, 0, 0);
    return exceptions_skip_end() == 0 && version > 0 && version < 0x7fffffff;
}

// Entered at EL1: HVC first, as in a VM. Without EL2 it is undefined, that is caught, and SMC is
// next. Entered at EL2, HVC would end in an EL2 that nobody set up: SMC only. Entered at EL3 there
// is nobody above to ask.
void psci_init(uint64_t boot_el)
{
    conduit = CONDUIT_NONE;
    if (boot_el == 1 && answers(CONDUIT_HVC))
    {
        conduit = CONDUIT_HVC;
    }
    else if (boot_el < 3 && answers(CONDUIT_SMC))
    {
        conduit = CONDUIT_SMC;
    }
}

const char* psci_conduit(void)
{
    return conduit == CONDUIT_HVC ? "hvc" : conduit == CONDUIT_SMC ? "smc" : "none";
}

bool psci_conduit_is_hvc(void)
{
    return conduit == CONDUIT_HVC;
}

int64_t psci_cpu_on(uint64_t mpidr, void (*entry)(void), uint64_t context)
{
    // Int32 return values come back zero-extended from some implementations.
    return (int32_t)call(PSCI_CPU_ON, mpidr, (uint64_t)entry, context);
}

int64_t psci_affinity_info(uint64_t mpidr)
{
    return (int32_t)call(PSCI_AFFINITY_INFO, mpidr, 0, 0);
}

void psci_cpu_off(void)
{
    call(PSCI_CPU_OFF, 0, 0, 0);
}

void psci_system_off(void)
{
    call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void psci_system_reset(void)
{
    call(PSCI_SYSTEM_RESET, 0, 0, 0);
}
