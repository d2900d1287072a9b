// SPDX-License-Identifier: Apache-2.0
// Entry of every guest: drop to EL1, set stack and vectors, zero .bss, call runtime_main.

#define STACK_SIZE_SHIFT 13 // 8 KiB per CPU, as in link.ld

    .section .text.start, "ax"
    .global _start
_start:
    mrs     x19, cntpct_el0 // the very first instruction of a guest: first.elf reports it
    mov     x20, x0         // device tree address or 0
    mrs     x21, CurrentEL
    bl      drop_to_el1

    ldr     x9, =stack_top
    mov     sp, x9
    ldr     x9, =bss_start
    ldr     x10, =bss_end
1:  cmp     x9, x10
    b.hs    2f
    stp     xzr, xzr, [x9], #16
    b       1b

    // .bss is clean now, so what was found at the entry can be kept there.
2:  lsr     x21, x21, #2
    ldr     x9, =boot
    stp     x20, x19, [x9]
    str     x21, [x9, #16]
    bl      runtime_main
3:  wfi
    b       3b

// Entry of a CPU started by PSCI CPU_ON (DEN0022 5.4). x0 is the context id: the CPU's index.
    .global secondary_start
secondary_start:
    mov     x20, x0
    bl      drop_to_el1
    ldr     x9, =stack_top
    sub     x9, x9, x20, lsl #STACK_SIZE_SHIFT
    mov     sp, x9
    mov     x0, x20
    bl      secondary_main
4:  wfi
    b       4b

// Continues at x30 in EL1 with the MMU and the caches off, SP_EL1 selected, IRQs masked, SError
// open so that a write gone wrong is reported. Uses x9 only; there is no stack yet.
drop_to_el1:
    ldr     x9, =vectors
    msr     vbar_el1, x9
    mrs     x9, CurrentEL
    cmp     x9, #(2 << 2)
    b.lo    6f
    b.eq    5f

    // EL3: stay in the secure world, whose interrupts (GIC group 0) need no further setting up.
    // SCR_EL3: RES1 bits 5:4, SMD (7), RW (10).
    mov     x9, #0x4b0
    msr     scr_el3, x9
    mov     x9, #0x2c5 // SPSR: EL1h, I and F masked, D masked
    msr     spsr_el3, x9
    ldr     x9, =6f
    msr     elr_el3, x9
    eret

    // EL2: EL1 is AArch64, both counters are EL1's, no virtual offset.
5:  mov     x9, #(1 << 31)
    msr     hcr_el2, x9
    mov     x9, #3
    msr     cnthctl_el2, x9
    msr     cntvoff_el2, xzr
    mrs     x9, midr_el1
    msr     vpidr_el2, x9
    mrs     x9, mpidr_el1
    msr     vmpidr_el2, x9
    mov     x9, #0x2c5
    msr     spsr_el2, x9
    ldr     x9, =6f
    msr     elr_el2, x9
    eret

6:  ldr     x9, =0x30d00800 // SCTLR_EL1: the RES1 bits alone
    msr     sctlr_el1, x9
    isb
    msr     spsel, #1
    msr     daifset, #15
    msr     daifclr, #4
    ret
