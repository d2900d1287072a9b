// SPDX-License-Identifier: Apache-2.0
// Switches the MAC to local loopback, sends and compares, and switches back.

#include "loop.h"

#include "driver.h"
#include "gem.h"
#include "runtime.h"

#define IN_FLIGHT 16u
#define GIVE_UP_AFTER_MS 2000

static bool running;
static uint64_t wanted;
static uint64_t sent;
static uint64_t received;
static uint64_t wrong; // not the next of those sent
static uint64_t moved; // ticks
static uint64_t started;

bool loop_start(uint64_t count)
{
    if (running || !driver_plugged())
    {
        return false;
    }
    wanted = count;
    sent = received = wrong = 0;
    moved = clock_ticks();
    started = moved;
    running = true;
    gem_set_loopback(true);
    driver_restart();
    return true;
}

bool loop_running(void)
{
    return running;
}

static void end(void)
{
    const uint64_t us = (clock_ticks() - started) * 1000000 / clock_ticks_per_second();
    say("net: loop sent %lu received %lu wrong %lu us %lu\n", sent, received, wrong, us);
    running = false;
    gem_set_loopback(false);
    driver_restart();
}

void loop_pump(void)
{
    while (sent < wanted && sent - received < IN_FLIGHT)
    {
        const struct frame_words words = {.kind = FRAME_LOOP, .sequence = (uint32_t)sent};
        if (!driver_send(driver_mac(), &words, frame_length(0, words.sequence)))
        {
            break;
        }
        ++sent;
    }
    const uint64_t patience = clock_ticks_per_second() * GIVE_UP_AFTER_MS / 1000;
    if (received == wanted || clock_ticks() - moved > patience)
    {
        end();
    }
}

void loop_take(const struct frame* frame)
{
    if (!running)
    {
        return;
    }
    wrong +=
        frame->sequence != (uint32_t)received || frame->length != frame_length(0, frame->sequence);
    ++received;
    moved = clock_ticks();
}
