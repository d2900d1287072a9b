// SPDX-License-Identifier: Apache-2.0
// EL1 exception vectors: IRQs go to gic_dispatch, all else to exception_taken with a full frame.

#define FRAME_SIZE 288 // struct exception_frame, kept a multiple of 16

    .macro vector_slot kind
    .balign 0x80
    sub     sp, sp, #FRAME_SIZE
    stp     x0, x1, [sp, #0]
    mov     x1, #\kind
    b       save_frame
    .endm

    .section .text.vectors, "ax"
    .global vectors
    .balign 0x800
vectors:
    // Current EL with SP_EL0: never used.
    vector_slot 2
    vector_slot 2
    vector_slot 2
    vector_slot 2

    // Current EL with SP_ELx.
    vector_slot 0

    // IRQ. The first instruction reads the counter: bench.elf wants the moment of entry. x18 is
    // reserved for this in all C code (-ffixed-x18), so nothing has to be saved before. IRQs do
    // not nest: ELR and SPSR stay where they are.
    .balign 0x80
    mrs     x18, cntvct_el0
    sub     sp, sp, #160
    stp     x0, x1, [sp, #0]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x29, x30, [sp, #144]
    bl      gic_dispatch
    ldp     x0, x1, [sp, #0]
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x29, x30, [sp, #144]
    add     sp, sp, #160
    eret

    vector_slot 2 // FIQ
    vector_slot 1 // SError

    // Lower EL: there is none.
    .rept 8
    vector_slot 2
    .endr
    .balign 0x80

save_frame:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x2, elr_el1
    mrs     x3, spsr_el1
    mrs     x4, esr_el1
    mrs     x5, far_el1
    stp     x30, x2, [sp, #240]
    stp     x3, x4, [sp, #256]
    str     x5, [sp, #272]
    mov     x0, sp
    bl      exception_taken

    ldp     x30, x2, [sp, #240]
    ldr     x3, [sp, #256]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    ldp     x28, x29, [sp, #224]
    ldp     x26, x27, [sp, #208]
    ldp     x24, x25, [sp, #192]
    ldp     x22, x23, [sp, #176]
    ldp     x20, x21, [sp, #160]
    ldp     x18, x19, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp, #0]
    add     sp, sp, #FRAME_SIZE
    eret
