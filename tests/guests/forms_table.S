// SPDX-License-Identifier: Apache-2.0
// The instructions, with what they touch; and how one of them is performed.

    .arch_extension fp
    .arch_extension simd

    // void form_run(void (*perform)(void), struct form_registers*)
    .section .text.form_run, "ax"
    .global form_run
form_run:
    stp     x29, x30, [sp, #-32]!
    str     x1, [sp, #16]
    mov     x9, x0
    mov     x10, x1
    ldp     q2, q3, [x10, #48]
    ldp     q4, q5, [x10, #80]
    ldp     x0, x1, [x10]
    ldp     x2, x3, [x10, #16]
    ldr     x4, [x10, #32]
    blr     x9
    ldr     x10, [sp, #16]
    stp     x0, x1, [x10]
    stp     x2, x3, [x10, #16]
    str     x4, [x10, #32]
    stp     q2, q3, [x10, #48]
    stp     q4, q5, [x10, #80]
    ldp     x29, x30, [sp], #32
    ret

    .macro form store, element, bytes, before, instruction:vararg
    .section .rodata.form_text, "a"
71: .asciz  "\instruction"
    .section .text.forms, "ax"
72: \instruction
    ret
    .section .rodata.forms, "a"
    .quad   71b, 72b
    .word   \store, \bytes, \before, \element
    .endm

    .section .rodata.forms, "a"
    .balign 8
    .global forms
forms:
    // one register, with writeback
    form    0, 1, 1, 0, ldrb w2, [x0], #1
    form    0, 1, 1, 1, ldrb w2, [x0, #1]!
    form    0, 2, 2, 0, ldrh w2, [x0], #2
    form    0, 2, 2, 2, ldrh w2, [x0, #2]!
    form    0, 4, 4, 0, ldr w2, [x0], #4
    form    0, 4, 4, 4, ldr w2, [x0, #4]!
    form    0, 8, 8, 0, ldr x2, [x0], #8
    form    0, 8, 8, 8, ldr x2, [x0, #8]!
    form    0, 1, 1, 0, ldrsb w2, [x0], #-1
    form    0, 1, 1, 0, ldrsb x2, [x0], #1
    form    0, 2, 2, 0, ldrsh w2, [x0], #2
    form    0, 2, 2, 0, ldrsh x2, [x0], #-2
    form    0, 4, 4, 0, ldrsw x2, [x0], #4
    form    1, 1, 1, 0, strb w2, [x0], #1
    form    1, 1, 1, 1, strb w2, [x0, #1]!
    form    1, 2, 2, 0, strh w2, [x0], #2
    form    1, 2, 2, 2, strh w2, [x0, #2]!
    form    1, 4, 4, 0, str w2, [x0], #4
    form    1, 4, 4, 4, str w2, [x0, #4]!
    form    1, 8, 8, 0, str x2, [x0], #8
    form    1, 8, 8, 8, str x2, [x0, #8]!
    form    1, 4, 4, 0, str wzr, [x0], #4
    // those with a description, for comparison
    form    0, 4, 4, 0, ldr w2, [x0]
    form    0, 4, 4, 16, ldr w2, [x0, x1]
    form    0, 4, 4, 16, ldr w2, [x0, w1, uxtw]
    form    0, 4, 4, 4, ldur w2, [x0, #4]
    form    1, 4, 4, 0, str w2, [x0]
    form    1, 4, 4, 16, str w2, [x0, x1]
    form    1, 4, 4, 4, stur w2, [x0, #4]
    // pairs
    form    0, 4, 8, 0, ldp w2, w3, [x0]
    form    0, 4, 8, 0, ldp w2, w3, [x0], #8
    form    0, 4, 8, 8, ldp w2, w3, [x0, #8]!
    form    0, 4, 8, 0, ldnp w2, w3, [x0]
    form    0, 4, 8, 0, ldpsw x2, x3, [x0]
    form    0, 8, 16, 0, ldp x2, x3, [x0]
    form    0, 8, 16, 0, ldp x2, x3, [x0], #16
    form    0, 8, 16, 16, ldp x2, x3, [x0, #16]!
    form    1, 4, 8, 0, stp w2, w3, [x0]
    form    1, 4, 8, 0, stp w2, w3, [x0], #8
    form    1, 4, 8, 8, stp w2, w3, [x0, #8]!
    form    1, 4, 8, 0, stnp w2, w3, [x0]
    form    1, 4, 8, 0, stp wzr, wzr, [x0]
    form    1, 8, 16, 0, stp x2, x3, [x0]
    form    1, 8, 16, 0, stp x2, x3, [x0], #16
    form    1, 8, 16, 16, stp x2, x3, [x0, #16]!
    // acquire, release, exclusive
    form    0, 1, 1, 0, ldarb w2, [x0]
    form    0, 4, 4, 0, ldar w2, [x0]
    form    0, 4, 4, 0, ldxr w2, [x0]
    form    0, 4, 4, 0, ldaxr w2, [x0]
    form    1, 1, 1, 0, stlrb w2, [x0]
    form    1, 4, 4, 0, stlr w2, [x0]
    // SIMD&FP registers
    form    0, 1, 1, 0, ldr b2, [x0]
    form    0, 2, 2, 0, ldr h2, [x0]
    form    0, 4, 4, 0, ldr s2, [x0]
    form    0, 8, 8, 0, ldr d2, [x0]
    form    0, 16, 16, 0, ldr q2, [x0]
    form    0, 4, 4, 0, ldr s2, [x0], #4
    form    0, 16, 16, 16, ldr q2, [x0, #16]!
    form    0, 4, 8, 0, ldp s2, s3, [x0]
    form    0, 8, 16, 0, ldp d2, d3, [x0], #16
    form    0, 16, 32, 0, ldp q2, q3, [x0]
    form    1, 1, 1, 0, str b2, [x0]
    form    1, 2, 2, 0, str h2, [x0]
    form    1, 4, 4, 0, str s2, [x0]
    form    1, 8, 8, 0, str d2, [x0]
    form    1, 16, 16, 0, str q2, [x0]
    form    1, 4, 4, 0, str s2, [x0], #4
    form    1, 16, 16, 16, str q2, [x0, #16]!
    form    1, 4, 8, 0, stp s2, s3, [x0]
    form    1, 8, 16, 0, stp d2, d3, [x0], #16
    form    1, 16, 32, 0, stp q2, q3, [x0]
    // structures
    form    0, 4, 4, 0, ld1 {v2.s}[1], [x0]
    form    0, 1, 1, 0, ld1 {v2.b}[5], [x0], #1
    form    0, 4, 4, 0, ld1r {v2.4s}, [x0]
    form    0, 4, 8, 0, ld2 {v2.s, v3.s}[2], [x0], #8
    form    0, 4, 8, 0, ld1 {v2.2s}, [x0], #8
    form    0, 4, 16, 0, ld1 {v2.4s}, [x0], x1
    form    0, 4, 32, 0, ld2 {v2.4s, v3.4s}, [x0]
    form    0, 2, 48, 0, ld3 {v2.8h, v3.8h, v4.8h}, [x0], #48
    form    0, 1, 64, 0, ld4 {v2.16b, v3.16b, v4.16b, v5.16b}, [x0]
    form    1, 4, 4, 0, st1 {v2.s}[1], [x0]
    form    1, 1, 1, 0, st1 {v2.b}[5], [x0], #1
    form    1, 4, 8, 0, st2 {v2.s, v3.s}[2], [x0], #8
    form    1, 4, 8, 0, st1 {v2.2s}, [x0], #8
    form    1, 4, 16, 0, st1 {v2.4s}, [x0], x1
    form    1, 4, 32, 0, st2 {v2.4s, v3.4s}, [x0]
    form    1, 2, 48, 0, st3 {v2.8h, v3.8h, v4.8h}, [x0], #48
    form    1, 1, 64, 0, st4 {v2.16b, v3.16b, v4.16b, v5.16b}, [x0]
    .section .rodata.forms, "a"
    .global forms_end
forms_end:
    .section .note.GNU-stack, "", %progbits
