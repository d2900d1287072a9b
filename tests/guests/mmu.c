// SPDX-License-Identifier: Apache-2.0
// DDI 0487, D8.

#include "mmu.h"

#include "runtime.h"

enum
{
    BLOCK = 1u << 0,
    DEVICE_NGNRE = 0u << 2, // index into MAIR_EL1
    NORMAL = 1u << 2,
    INNER_SHAREABLE = 3u << 8,
    ACCESS_FLAG = 1u << 10,
    GIB = 1u << 30,
    HALF_GIB = 1u << 29,
};

#define MAIR 0xff04ul             // 0: Device-nGnRE, 1: Normal, write-back
#define T0SZ 25ul                 // 39 bits of address
#define WALKS_CACHED 0x3500ul     // inner shareable, write-back; and EPD1 is below
#define NO_UPPER_HALF (1ul << 23) // EPD1
#define GRANULE_64K (1ul << 14)   // TG0
#define BITS_40 (2ul << 32)       // IPS

enum
{
    SCTLR_M = 1u << 0,
    SCTLR_C = 1u << 2,
    SCTLR_I = 1u << 12,
};

// 39 bits: of blocks of 1 GiB at level 1, or of 512 MiB at level 2.
static uint64_t table[1024] __attribute__((aligned(8192)));

void mmu_on(uint32_t granule_kib)
{
    const uint64_t block = granule_kib == 64 ? HALF_GIB : GIB;
    const uint64_t entries = (1ul << (64 - T0SZ)) / block;
    for (uint64_t n = 0; n < entries; ++n)
    {
        const uint64_t at = n * block;
        const uint64_t kind = at == 0 ? NORMAL | INNER_SHAREABLE : DEVICE_NGNRE;
        ((volatile uint64_t*)table)[n] = at | kind | ACCESS_FLAG | BLOCK;
    }
    barrier();
    write_sysreg(mair_el1, MAIR);
    write_sysreg(tcr_el1, T0SZ | WALKS_CACHED | NO_UPPER_HALF | BITS_40 |
                              (granule_kib == 64 ? GRANULE_64K : 0));
    write_sysreg(ttbr0_el1, (uintptr_t)table);
    __asm__ volatile("tlbi vmalle1\n\tic iallu\n\tdsb sy\n\tisb" : : : "memory");
    write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) | SCTLR_M | SCTLR_C | SCTLR_I);
}

void mmu_off(void)
{
    // What the caches hold of the stack and of the data has to be in memory when they are gone.
    extern char image_end[];
    for (uintptr_t at = 0; at < (uintptr_t)image_end; at += 64)
    {
        __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
    }
    barrier();
    write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) & ~(uint64_t)(SCTLR_M | SCTLR_C | SCTLR_I));
    __asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
}
