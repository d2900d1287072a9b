// SPDX-License-Identifier: Apache-2.0
// The sending side: greetings, one peer, a window, and back to its begin when nothing is answered.

#include "link.h"

#include "driver.h"
#include "incoming.h"
#include "rings.h"
#include "runtime.h"

// With what the other side may have of its own in flight, this fits into its receive ring.
#define WINDOW 24u

#define HELLO_EVERY_MS 250
#define SILENT_AFTER_MS 2000
#define AGAIN_AFTER_MS 500 // an emulated peer may not get a CPU for a while

struct outgoing
{
    uint32_t seed;
    uint32_t base; // the first that is not acknowledged
    uint32_t next; // the next to go out
    uint32_t most; // the first that has never gone out
    uint32_t end;  // behind the last that was asked for
    uint32_t begin;
    uint64_t bytes;
    uint64_t again;
    uint64_t started; // ticks
    uint64_t moved;   // when `base` last did, or something went out after a rest
};

static struct link_counts counts;
static struct outgoing outgoing;
static uint8_t own_mac[6];
static uint32_t session;

static uint8_t peer[6];
static bool have_peer;
static uint64_t peer_heard;
static uint64_t greeted;

static bool passed(uint64_t since, uint64_t ms)
{
    return clock_ticks() - since >= clock_ticks_per_second() * ms / 1000;
}

void link_begin(const uint8_t mac[6])
{
    mac_copy(own_mac, mac);
    session = (uint32_t)(read_sysreg(cntpct_el0) ^ (uint64_t)mac[5] << 24);
}

bool link_up(void)
{
    return have_peer && !passed(peer_heard, SILENT_AFTER_MS);
}

const struct link_counts* link_count(void)
{
    return &counts;
}

bool link_send(uint64_t count, uint32_t seed)
{
    if (outgoing.base != outgoing.end)
    {
        return false;
    }
    outgoing.seed = seed;
    outgoing.begin = outgoing.end;
    outgoing.end += (uint32_t)count;
    outgoing.bytes = 0;
    outgoing.again = 0;
    outgoing.started = clock_ticks();
    outgoing.moved = outgoing.started;
    return true;
}

void link_restarted(void)
{
    outgoing.next = outgoing.base;
    outgoing.moved = clock_ticks();
}

static void say_done(void)
{
    const uint64_t us = (clock_ticks() - outgoing.started) * 1000000 / clock_ticks_per_second();
    say("net: done sent %lu bytes %lu again %lu us %lu\n",
        (uint64_t)(outgoing.end - outgoing.begin), outgoing.bytes, outgoing.again, us);
}

static void take_acknowledgement(const struct frame* frame)
{
    const uint32_t acknowledged = frame->sequence - outgoing.base;
    if (frame->session != session || acknowledged == 0 ||
        acknowledged > outgoing.most - outgoing.base)
    {
        return;
    }
    outgoing.base = frame->sequence;
    if (outgoing.next - outgoing.begin < outgoing.base - outgoing.begin)
    {
        outgoing.next = outgoing.base; // it was going back, and now need not
    }
    outgoing.moved = clock_ticks();
    if (outgoing.base == outgoing.end)
    {
        say_done();
    }
}

// The first one heard is the peer for as long as it is heard.
static void take_greeting(const struct frame* frame)
{
    if (!link_up() && !(have_peer && mac_equal(peer, frame->from)))
    {
        mac_copy(peer, frame->from);
        have_peer = true;
    }
    if (mac_equal(peer, frame->from))
    {
        peer_heard = clock_ticks();
    }
}

void link_take(const struct frame* frame)
{
    switch (frame->kind)
    {
    case FRAME_HELLO:
        take_greeting(frame);
        break;
    case FRAME_DATA:
        incoming_take(frame, &counts);
        break;
    case FRAME_ACK:
        take_acknowledgement(frame);
        break;
    default:
        break;
    }
}

void link_take_bad(void)
{
    ++counts.bad;
}

static void greet(void)
{
    const struct frame_words words = {.kind = FRAME_HELLO, .session = session};
    if (passed(greeted, HELLO_EVERY_MS) && driver_send(frame_to_all, &words, FRAME_LENGTH_MIN))
    {
        greeted = clock_ticks();
    }
}

static bool send_next(void)
{
    const uint32_t length = frame_length(outgoing.seed, outgoing.next);
    const struct frame_words words = {.kind = FRAME_DATA,
                                      .session = session,
                                      .sequence = outgoing.next,
                                      .base = outgoing.base,
                                      .seed = outgoing.seed};
    if (!driver_send(peer, &words, length))
    {
        return false;
    }
    if (outgoing.next == outgoing.base)
    {
        outgoing.moved = clock_ticks();
    }
    if (outgoing.next == outgoing.most)
    {
        ++outgoing.most;
        ++counts.sent;
        outgoing.bytes += length;
    }
    else
    {
        ++outgoing.again;
        ++counts.again;
    }
    ++outgoing.next;
    return true;
}

void link_pump(void)
{
    greet();
    incoming_acknowledge();
    if (!have_peer)
    {
        return;
    }
    if (outgoing.next != outgoing.base && passed(outgoing.moved, AGAIN_AFTER_MS))
    {
        outgoing.next = outgoing.base;
    }
    while (outgoing.next != outgoing.end && outgoing.next - outgoing.base < WINDOW && send_next())
    {
    }
}
