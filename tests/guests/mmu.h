// SPDX-License-Identifier: Apache-2.0
// Translation tables that leave everything where it is.
#pragma once

#include <stdint.h>

// Turns the MMU on, everything at its own address: memory as such, and devices. The granule is 4
// or 64 KiB.
void mmu_on(uint32_t granule_kib);
void mmu_off(void);
