// SPDX-License-Identifier: Apache-2.0
// Two programs on one wire: they find each other, and frames go over without one being lost.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

struct link_counts
{
    uint64_t sent;           // data frames, each counted once
    uint64_t again;          // data frames sent once more
    uint64_t received;       // data frames in order, with the right checksum
    uint64_t received_bytes; // in these
    uint64_t bad;            // frames of ours with a wrong length or checksum
    uint64_t lost;           // data frames that were missing when a later one came
    uint64_t twice;          // data frames that had come before
};

// Once: who we are on the wire.
void link_begin(const uint8_t mac[6]);

// Sends frames of random sizes to the peer, as soon as there is one. False if it still has some.
bool link_send(uint64_t count, uint32_t seed);

// Nothing that is not acknowledged may have arrived: all of it is sent again at once.
void link_restarted(void);

// A good frame, of a kind that is the link's.
void link_take(const struct frame* frame);

// A frame that was not good.
void link_take_bad(void);

// Sends what is due and what there is room for.
void link_pump(void);

// The peer was heard within the last seconds.
bool link_up(void);

const struct link_counts* link_count(void);
