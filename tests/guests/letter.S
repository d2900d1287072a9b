// SPDX-License-Identifier: Apache-2.0
// Writes a character with its first instructions: nothing is set up, and nothing is read before.

    .section .text.start, "ax"
    .global _start
_start:
    mov     x0, #0xff000000 // UART0
    mov     w1, #0x14       // CR: transmitter and receiver on, or the character would be dropped
    str     w1, [x0]
    mov     w1, #'!'
    str     w1, [x0, #0x30] // FIFO
1:  wfi
    b       1b
