// SPDX-License-Identifier: Apache-2.0
// PSCI calls (Arm DEN0022) through whichever conduit the machine offers.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum psci_result
{
    PSCI_SUCCESS = 0,
    PSCI_NOT_SUPPORTED = -1,
    PSCI_INVALID_PARAMETERS = -2,
};

enum psci_affinity
{
    PSCI_AFFINITY_ON = 0,
    PSCI_AFFINITY_OFF = 1,
    PSCI_AFFINITY_ON_PENDING = 2,
};

// Finds the conduit; once, before any call. `boot_el` is the exception level of the entry.
void psci_init(uint64_t boot_el);

// "hvc", "smc" or "none".
const char* psci_conduit(void);

// True in a virtual machine: the bare machine's firmware is behind SMC.
bool psci_conduit_is_hvc(void);

int64_t psci_cpu_on(uint64_t mpidr, void (*entry)(void), uint64_t context);
int64_t psci_affinity_info(uint64_t mpidr);
void psci_cpu_off(void); // these three return only if the call failed
void psci_system_off(void);
void psci_system_reset(void);
