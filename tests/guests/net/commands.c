// SPDX-License-Identifier: Apache-2.0
// Takes a line apart, does what it says, and answers in lines of its own.

#include "commands.h"

#include "driver.h"
#include "flood.h"
#include "link.h"
#include "loop.h"
#include "runtime.h"

// The rest of the line behind the word, or 0 if the line begins with another word.
static const char* after(const char* line, const char* word)
{
    while (*word && *line == *word)
    {
        ++line;
        ++word;
    }
    if (*word || (*line != '\0' && *line != ' '))
    {
        return 0;
    }
    while (*line == ' ')
    {
        ++line;
    }
    return line;
}

// A decimal number; moves on to what comes behind it. False if there is none.
static bool number(const char** line, uint64_t* value)
{
    const char* at = *line;
    *value = 0;
    while (*at >= '0' && *at <= '9')
    {
        *value = *value * 10 + (uint64_t)(*at++ - '0');
    }
    const bool any = at != *line && (*at == ' ' || *at == '\0');
    while (*at == ' ')
    {
        ++at;
    }
    *line = at;
    return any;
}

static void say_counts(void)
{
    const struct link_counts* const link = link_count();
    const struct driver_counts* const driver = driver_count();
    say("net: sent %lu received %lu bad %lu lost %lu again %lu twice %lu", link->sent,
        link->received, link->bad, link->lost, link->again, link->twice);
    say(" flood-sent %lu flood-received %lu", flood_sent(), flood_received());
    say(" irqs %lu rx-irqs %lu tx-irqs %lu errors %lu spurious %lu", driver->interrupts,
        driver->receive_interrupts, driver->transmit_interrupts, driver->errors, gic_spurious());
    say(" link %s\n", !driver_plugged() ? "unplugged" : link_up() ? "up" : "down");
}

static void say_received(void)
{
    const struct link_counts* const link = link_count();
    say("net: recv frames %lu bytes %lu bad %lu lost %lu twice %lu flood %lu\n", link->received,
        link->received_bytes, link->bad, link->lost, link->twice, flood_received());
}

static void send(const char* rest)
{
    uint64_t count;
    uint64_t seed;
    if (!number(&rest, &count) || !number(&rest, &seed) || count == 0 || count > 0x7fffffff)
    {
        say("net: send needs a count and a seed\n");
    }
    else if (!link_send(count, (uint32_t)seed))
    {
        say("net: busy\n");
    }
    else
    {
        say("net: send %lu %lu\n", count, seed);
    }
}

static void flood(const char* rest)
{
    if (after(rest, "on") || after(rest, "off"))
    {
        flood_set(after(rest, "on") != 0);
        say("net: flood %s\n", rest);
    }
    else
    {
        say("net: flood needs on or off\n");
    }
}

static void loop(const char* rest)
{
    uint64_t count;
    if (!number(&rest, &count) || count == 0)
    {
        say("net: loop needs a count\n");
    }
    else if (!loop_start(count))
    {
        say("net: busy\n");
    }
}

static void restart(void)
{
    if (loop_running())
    {
        say("net: busy\n");
        return;
    }
    driver_restart();
    link_restarted();
    say("net: restarted\n");
}

void command(const char* line)
{
    const char* rest;
    if (after(line, "?"))
    {
        say_counts();
    }
    else if (after(line, "recv"))
    {
        say_received();
    }
    else if ((rest = after(line, "send")))
    {
        send(rest);
    }
    else if ((rest = after(line, "flood")))
    {
        flood(rest);
    }
    else if ((rest = after(line, "loop")))
    {
        loop(rest);
    }
    else if (after(line, "restart"))
    {
        restart();
    }
    else if (after(line, "!off"))
    {
        say("net: !off\n");
        machine_off();
    }
    else if (after(line, "!reset"))
    {
        say("net: !reset\n");
        machine_reset();
    }
    else
    {
        say("net: unknown: %s\n", line);
    }
}
