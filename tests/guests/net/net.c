// SPDX-License-Identifier: Apache-2.0
// An Ethernet program for GEM0 at 0xFF0B0000: finds its like on the wire and exchanges frames with
// it.

#include "commands.h"
#include "driver.h"
#include "flood.h"
#include "gem_registers.h"
#include "lines.h"
#include "link.h"
#include "loop.h"
#include "power_key.h"
#include "runtime.h"

#define TICK_MS 50

static bool ticked;
static bool power_key;

void clock_tick(void)
{
    ticked = true;
}

void irq_taken(uint32_t intid)
{
    switch (intid)
    {
    case GEM_INTID:
        driver_interrupt();
        break;
    case UART_INTID:
        lines_interrupt();
        break;
    case POWER_KEY_INTID:
        power_key |= power_key_pressed();
        break;
    default:
        break;
    }
}

void driver_received(const struct frame* frame, uint32_t length)
{
    if (!frame_is_ours(frame, length))
    {
        return;
    }
    if (!frame_is_good(frame, length))
    {
        link_take_bad();
    }
    else if (frame->kind == FRAME_LOOP)
    {
        loop_take(frame);
    }
    else if (frame->kind == FRAME_FLOOD)
    {
        flood_take(frame);
    }
    else if (!mac_equal(frame->from, driver_mac())) // greetings come back in loopback
    {
        link_take(frame);
    }
}

// UART and GEM can be taken away while this runs, and others be plugged in behind their addresses.
// Nothing tells of it, so look from time to time.
static void look_at_the_hardware(void)
{
    if (uart_fresh())
    {
        lines_plugged();
    }
    driver_tick();
}

static bool work(void)
{
    if (power_key)
    {
        say("net: power key, off\n");
        machine_off();
    }
    for (const char* line; (line = lines_take());)
    {
        command(line);
    }
    if (ticked)
    {
        ticked = false;
        look_at_the_hardware();
    }
    const bool more = driver_work();
    if (loop_running())
    {
        loop_pump();
    }
    else
    {
        link_pump();
        flood_pump();
    }
    return more;
}

static void say_mac(void)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t* const mac = driver_mac();
    say("net: mac");
    for (unsigned i = 0; i < 6; ++i)
    {
        say("%c%c%c", i == 0 ? ' ' : ':', digits[mac[i] >> 4], digits[mac[i] & 15]);
    }
    say("\n");
}

void guest_main(void)
{
    gic_init();
    gic_set_edge(UART_INTID, false);
    gic_enable(UART_INTID);
    power_key_enable();
    if (!driver_begin())
    {
        say("net: no memory for DMA\n");
        machine_off();
    }
    link_begin(driver_mac());
    say_mac();
    lines_plugged();
    say("net: ready\n");
    clock_tick_every(TICK_MS);

    // IRQs are taken here only, between the look at what there is to do and the sleep: one that
    // comes after the look is pending, and ends the sleep.
    for (;;)
    {
        if (!work())
        {
            wait_for_interrupt();
        }
        irq_unmask();
        irq_mask();
    }
}
