// SPDX-License-Identifier: Apache-2.0
// Decides what becomes of an exception that is not an IRQ.

#include "exceptions.h"

#include <stdbool.h>

#include "runtime.h"

enum exception_kind
{
    KIND_SYNCHRONOUS = 0, // numbers known to vectors.S
    KIND_SERROR = 1,
    KIND_UNUSED_VECTOR = 2,
};

extern char image_end[];

static bool skipping;
static bool dying;
static uint64_t skipped;

void exception_taken(struct exception_frame* frame, uint64_t kind);

void exceptions_init(void)
{
    skipping = false;
    dying = false;
}

void exceptions_skip_begin(void)
{
    barrier();
    skipped = 0;
    skipping = true;
    barrier();
}

uint64_t exceptions_skip_end(void)
{
    barrier(); // an SError for an earlier write belongs to the count
    skipping = false;
    barrier();
    return skipped;
}

static void skip(struct exception_frame* frame, uint64_t kind)
{
    ++skipped;
    if (kind == KIND_SERROR)
    {
        return; // asynchronous: there is no instruction to skip
    }
    // A PC outside the image was jumped to: go back to the caller. Anything else is one faulting
    // instruction, four bytes long.
    const bool astray = frame->elr >= (uint64_t)image_end || (frame->elr & 3) != 0;
    frame->elr = astray ? frame->x[30] : frame->elr + 4;
}

void exception_taken(struct exception_frame* frame, uint64_t kind)
{
    if (skipping && kind != KIND_UNUSED_VECTOR)
    {
        skip(frame, kind);
        return;
    }
    if (!dying)
    {
        dying = true;
        say("exception: kind %lu esr 0x%lx elr 0x%lx far 0x%lx\n", kind, frame->esr, frame->elr,
            frame->far);
        machine_off();
    }
    irq_mask();
    halt();
}
