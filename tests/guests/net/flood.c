// SPDX-License-Identifier: Apache-2.0
// Frames of the greatest length: what a receiver's memory should not see after its end, it sees
// most of.

#include "flood.h"

#include "driver.h"

static bool on;
static uint64_t sent;
static uint64_t received;

void flood_set(bool now)
{
    on = now;
}

void flood_pump(void)
{
    const struct frame_words words = {.kind = FRAME_FLOOD, .sequence = (uint32_t)sent};
    while (on && driver_send(frame_to_all, &words, FRAME_LENGTH_MAX))
    {
        ++sent;
    }
}

void flood_take(const struct frame* frame)
{
    (void)frame;
    ++received;
}

uint64_t flood_sent(void)
{
    return sent;
}

uint64_t flood_received(void)
{
    return received;
}
