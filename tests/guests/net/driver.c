// SPDX-License-Identifier: Apache-2.0
// Interrupts only leave notes: all work is done outside, so that nothing has to be locked.

#include "driver.h"

#include "dma_memory.h"
#include "fdt.h"
#include "gem.h"
#include "gem_registers.h"
#include "rings.h"
#include "runtime.h"

#define STUCK_AFTER_TICKS 20u

static struct driver_counts counts;
static uint8_t mac[6];
static bool plugged;

// The notes. Written by the handler, which does not run while they are read and wiped.
static bool receive_wanted;
static bool receive_starved; // the controller found no free slot
static bool transmit_wanted;
static bool failed;

static unsigned ticks_in_flight; // since something last went out

const uint8_t* driver_mac(void)
{
    return mac;
}

bool driver_plugged(void)
{
    return plugged;
}

const struct driver_counts* driver_count(void)
{
    return &counts;
}

static void choose_mac(void)
{
    // As Linux does it: the device tree, else what firmware has programmed, else made up.
    if (fdt_read_bytes(boot.dtb, "ethernet@ff0b0000", "local-mac-address", mac, 6) ||
        gem_station_address(mac))
    {
        return;
    }
    const uint64_t any = boot.cntpct;
    for (unsigned i = 0; i < 6; ++i)
    {
        mac[i] = (uint8_t)(i == 0 ? 0x02 : any >> 8 * i); // 02: locally administered
    }
}

static void start(void)
{
    gem_stop();
    rings_reset();
    receive_wanted = receive_starved = transmit_wanted = failed = false;
    ticks_in_flight = 0;
    gem_start(rings_queues(), mac);
}

bool driver_begin(void)
{
    dma_memory_init(boot.dtb);
    dma_memory_say("net");
    if (!rings_allocate())
    {
        return false;
    }
    choose_mac();
    gic_set_edge(GEM_INTID, false);
    gic_enable(GEM_INTID);
    plugged = gem_present();
    if (plugged)
    {
        start();
    }
    else
    {
        say("net: unplugged\n");
    }
    return true;
}

void driver_restart(void)
{
    if (plugged)
    {
        start();
    }
}

void driver_interrupt(void)
{
    const uint32_t causes = gem_take_interrupts();
    ++counts.interrupts;
    if (causes & GEM_INT_RECEIVE_COMPLETE)
    {
        ++counts.receive_interrupts;
        receive_wanted = true;
    }
    if (causes & (GEM_INT_RX_USED_BIT_READ | GEM_INT_RECEIVE_OVERRUN))
    {
        receive_wanted = receive_starved = true;
    }
    if (causes & GEM_INT_TRANSMIT_COMPLETE)
    {
        ++counts.transmit_interrupts;
    }
    if (causes & (GEM_INT_TRANSMIT_COMPLETE | GEM_INT_TX_USED_BIT_READ))
    {
        transmit_wanted = true;
    }
    if (causes &
        (GEM_INT_RECEIVE_OVERRUN | GEM_INT_TX_UNDERRUN | GEM_INT_TX_CORRUPT | GEM_INT_BUS_ERROR))
    {
        ++counts.errors;
    }
    failed |= causes & (GEM_INT_TX_UNDERRUN | GEM_INT_TX_CORRUPT | GEM_INT_BUS_ERROR);
}

static void receive(void)
{
    receive_wanted = false;
    uint32_t length;
    for (unsigned i = 0; i < RINGS_RECEIVE_SLOTS; ++i)
    {
        const struct frame* const frame = rings_received(&length);
        if (!frame)
        {
            break;
        }
        driver_received(frame, length);
        rings_give_back();
        receive_wanted = i + 1 == RINGS_RECEIVE_SLOTS;
    }
    if (receive_starved)
    {
        receive_starved = false;
        gem_receive();
    }
}

bool driver_work(void)
{
    if (receive_wanted)
    {
        receive();
    }
    if (transmit_wanted)
    {
        transmit_wanted = false;
        if (rings_reclaim())
        {
            ticks_in_flight = 0;
        }
    }
    return receive_wanted;
}

bool driver_send(const uint8_t to[6], const struct frame_words* words, uint32_t length)
{
    struct frame* const frame = plugged ? rings_free_slot() : 0;
    if (!frame)
    {
        return false;
    }
    frame_make(frame, to, mac, words, length);
    rings_send(length);
    gem_transmit();
    return true;
}

void driver_tick(void)
{
    if (!gem_present())
    {
        if (plugged)
        {
            plugged = false;
            say("net: unplugged\n");
        }
        return;
    }
    if (!plugged || !gem_enabled())
    {
        plugged = true;
        start();
        say("net: plugged in\n");
    }
    if (rings_in_flight())
    {
        ++ticks_in_flight;
        gem_transmit(); // it may have gone to sleep just before the last frame was handed over
    }
    if (failed || ticks_in_flight > STUCK_AFTER_TICKS || rings_out_of_step())
    {
        say("net: out of step, restarted\n");
        start();
    }
}
