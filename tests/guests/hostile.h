// SPDX-License-Identifier: Apache-2.0
// The phases of hostile.elf. Each does its worst `count` times, with faults skipped by the caller.
#pragma once

#include <stdint.h>

// xorshift64: the same sequence in every run, so that a failure can be had again.
uint64_t hostile_random(void);

// An address from 2 GiB to 4 GiB at which a VM has nothing, or at most a device of its own.
uint64_t hostile_address(void);

void hostile_low(uint64_t count);       // all widths, reads and writes
void hostile_high(uint64_t count);      // the same from 4 GiB to 64 GiB
void hostile_pair(uint64_t count);      // LDP, STP
void hostile_writeback(uint64_t count); // pre- and post-indexed
void hostile_exclusive(uint64_t count); // LDXR, STXR, LDAR, STLR
void hostile_misaligned(uint64_t count);
void hostile_cache(uint64_t count); // cache maintenance by address
void hostile_fetch(uint64_t count); // jumps

// Function identifiers of all owners, but for those that would rightly end or stop the guest.
void hostile_smc(uint64_t count);
void hostile_hvc(uint64_t count);

// Random values into the registers of a device, which is put right again at the end.
void hostile_gicd(uint64_t count);
void hostile_uart(uint64_t count);
