// SPDX-License-Identifier: Apache-2.0
// The frames that two net.elf exchange: made from a seed and a number, so that nobody keeps a copy.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FRAME_LENGTH_MIN 60u   // without the frame check sequence
#define FRAME_LENGTH_MAX 1514u // the same

enum frame_kind
{
    FRAME_HELLO = 1, // to all: here I am
    FRAME_DATA,      // wants an acknowledgement
    FRAME_ACK,       // `sequence` is the first that has not come yet
    FRAME_FLOOD,     // wants none
    FRAME_LOOP,      // to oneself, inside the MAC
};

// As it lies in a slot. The same program runs at both ends: numbers behind the Ethernet header are
// little-endian words.
struct frame
{
    uint16_t before_frame; // RINGS_FRAME_OFFSET
    uint8_t to[6];
    uint8_t from[6];
    uint16_t ethertype;
    uint32_t magic;
    uint32_t kind;
    uint32_t session; // one start of a program; an acknowledgement names that of the data
    uint32_t sequence;
    uint32_t base; // data: the first that is not acknowledged yet
    uint32_t seed;
    uint32_t length;
    uint32_t sum;
    uint32_t body[(FRAME_LENGTH_MAX - 46) / 4];
};

// What differs between two frames.
struct frame_words
{
    enum frame_kind kind;
    uint32_t session;
    uint32_t sequence;
    uint32_t base;
    uint32_t seed;
};

extern const uint8_t frame_to_all[6];

// Between the two limits, each as likely as any other.
uint32_t frame_length(uint32_t seed, uint32_t sequence);

// Fills the slot; the body follows from seed and sequence.
void frame_make(struct frame* frame, const uint8_t to[6], const uint8_t from[6],
                const struct frame_words* words, uint32_t length);

// One of ours, whole or not: what other software sends is no bad frame.
bool frame_is_ours(const struct frame* frame, uint32_t length);

// As long as it says, and with the right checksum.
bool frame_is_good(const struct frame* frame, uint32_t length);

bool mac_equal(const uint8_t* a, const uint8_t* b);
void mac_copy(uint8_t* to, const uint8_t* from);
