// SPDX-License-Identifier: Apache-2.0
// Contents and checksum of a frame, word by word: byte by byte would cost more than the wire.

#include "frame.h"

#include <stddef.h>

#include "rings.h"

#define ETHERTYPE 0xb588u      // 0x88B5, IEEE 802 local experimental 1, as it is in memory
#define MAGIC 0x76736c61u      // "alsv"
#define HEADER_LENGTH 46u      // Ethernet's 14 bytes and our eight words
#define SUMMED_HEADER_WORDS 7u // all but the sum

_Static_assert(offsetof(struct frame, to) == RINGS_FRAME_OFFSET, "the frame begins in the slot");
_Static_assert(offsetof(struct frame, body) == RINGS_FRAME_OFFSET + HEADER_LENGTH, "no padding");
_Static_assert(sizeof(struct frame) <= RINGS_SLOT_SIZE, "a frame fits into a slot");

const uint8_t frame_to_all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

// The second sum makes the order of the words count (J. G. Fletcher, 1982).
struct sums
{
    uint32_t first;
    uint32_t second;
};

static void add(struct sums* sums, uint32_t word)
{
    sums->first += word;
    sums->second += sums->first;
}

static uint32_t result(const struct sums* sums)
{
    return sums->first ^ (sums->second << 16 | sums->second >> 16);
}

// Spreads every bit of its argument over all bits (the finaliser of MurmurHash3).
static uint32_t mix(uint32_t x)
{
    x = (x ^ x >> 16) * 0x85ebca6bu;
    x = (x ^ x >> 13) * 0xc2b2ae35u;
    return x ^ x >> 16;
}

static uint32_t start_of(uint32_t seed, uint32_t sequence)
{
    return mix(seed ^ mix(sequence + 0x9e3779b9u));
}

uint32_t frame_length(uint32_t seed, uint32_t sequence)
{
    return FRAME_LENGTH_MIN + start_of(seed, sequence) % (FRAME_LENGTH_MAX - FRAME_LENGTH_MIN + 1);
}

static struct sums sum_header(const struct frame* frame)
{
    struct sums sums = {0, 0};
    for (uint32_t i = 0; i < SUMMED_HEADER_WORDS; ++i)
    {
        add(&sums, (&frame->magic)[i]);
    }
    return sums;
}

static uint32_t body_words(uint32_t length)
{
    return (length - HEADER_LENGTH + 3) / 4;
}

// The last word may reach beyond the frame: only its bytes within count.
static uint32_t last_word(uint32_t word, uint32_t length)
{
    const uint32_t bytes = (length - HEADER_LENGTH) % 4;
    return bytes == 0 ? word : word & ((1u << 8 * bytes) - 1);
}

void frame_make(struct frame* frame, const uint8_t to[6], const uint8_t from[6],
                const struct frame_words* words, uint32_t length)
{
    mac_copy(frame->to, to);
    mac_copy(frame->from, from);
    frame->ethertype = ETHERTYPE;
    frame->magic = MAGIC;
    frame->kind = words->kind;
    frame->session = words->session;
    frame->sequence = words->sequence;
    frame->base = words->base;
    frame->seed = words->seed;
    frame->length = length;

    struct sums sums = sum_header(frame);
    uint32_t word = start_of(words->seed, words->sequence);
    const uint32_t count = body_words(length);
    for (uint32_t i = 0; i < count; ++i)
    {
        word = word * 1664525u + 1013904223u; // Numerical Recipes, 7.1: the generator "ranqd1"
        const uint32_t part = i + 1 < count ? word : last_word(word, length);
        frame->body[i] = part;
        add(&sums, part);
    }
    frame->sum = result(&sums);
}

bool frame_is_ours(const struct frame* frame, uint32_t length)
{
    return length >= HEADER_LENGTH && frame->ethertype == ETHERTYPE;
}

bool frame_is_good(const struct frame* frame, uint32_t length)
{
    if (frame->magic != MAGIC || frame->length != length || length < FRAME_LENGTH_MIN ||
        length > FRAME_LENGTH_MAX)
    {
        return false;
    }
    struct sums sums = sum_header(frame);
    const uint32_t count = body_words(length);
    for (uint32_t i = 0; i < count; ++i)
    {
        add(&sums, i + 1 < count ? frame->body[i] : last_word(frame->body[i], length));
    }
    return frame->sum == result(&sums);
}

bool mac_equal(const uint8_t* a, const uint8_t* b)
{
    for (unsigned i = 0; i < 6; ++i)
    {
        if (a[i] != b[i])
        {
            return false;
        }
    }
    return true;
}

void mac_copy(uint8_t* to, const uint8_t* from)
{
    for (unsigned i = 0; i < 6; ++i)
    {
        to[i] = from[i];
    }
}
