// SPDX-License-Identifier: Apache-2.0
// The two descriptor rings and their buffers, all in DMA memory.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gem.h"

// A slot holds one frame of up to 1518 bytes, which begins 2 bytes into it: what follows the 14
// bytes of the Ethernet header is then aligned, and has to be while the MMU is off.
#define RINGS_SLOT_SIZE 1536u
#define RINGS_FRAME_OFFSET 2u

#define RINGS_RECEIVE_SLOTS 64u
#define RINGS_TRANSMIT_SLOTS 32u

// Takes the memory, once; false if there is none.
bool rings_allocate(void);

// All receive slots belong to the controller, all transmit slots are free. Only while it is
// stopped.
void rings_reset(void);

const struct gem_queues* rings_queues(void);

// The oldest received frame's slot and its length from the destination address on; 0 if there is
// none. It stays until it is given back.
void* rings_received(uint32_t* length);
void rings_give_back(void);

// A slot to be filled, or 0 if all are in flight; then its frame is handed over.
void* rings_free_slot(void);
void rings_send(uint32_t length);

// Frees the slots of frames that are out. True if there were any.
bool rings_reclaim(void);

// Frames were handed over that are not known to be out.
bool rings_in_flight(void);

// The controller has filled a slot beyond one that it has left empty: it does not go where we do.
// So it is after somebody has put its registers back while it was disabled.
bool rings_out_of_step(void);
