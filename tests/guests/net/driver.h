// SPDX-License-Identifier: Apache-2.0
// Keeps the GEM running: started, served by interrupts, and started again when another is plugged
// in.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

struct driver_counts
{
    uint64_t interrupts;
    uint64_t receive_interrupts;  // of these: said that a frame came in
    uint64_t transmit_interrupts; // of these: said that a frame is out
    uint64_t errors;              // interrupts for an overrun, underrun or failed bus access
};

// Once. False if there is no memory for the rings.
bool driver_begin(void);

const uint8_t* driver_mac(void);

// Something stands at the address of GEM0, and runs.
bool driver_plugged(void);

// The body of the interrupt handler: acknowledges, and leaves a note for driver_work.
void driver_interrupt(void);

// Does what interrupts have asked for. True if it stopped half-way to let others have a turn.
bool driver_work(void);

// Looks at the hardware for what no interrupt tells.
void driver_tick(void);

// Starts all over, empty rings and all.
void driver_restart(void);

// Sends a frame if there is a slot; false if there is none now.
bool driver_send(const uint8_t to[6], const struct frame_words* words, uint32_t length);

const struct driver_counts* driver_count(void);

// Given by the program: a frame has come in. It is gone after the return.
void driver_received(const struct frame* frame, uint32_t length);
