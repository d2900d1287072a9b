// SPDX-License-Identifier: Apache-2.0
// Programs the GEM in the order of UG1085, "GEM Ethernet", Programming Model, with 64-bit
// addresses.

#include "gem.h"

#include "cpu.h"
#include "gem_registers.h"
#include "rings.h"

#define EVERYTHING 0xffffffffu

static const uint32_t wanted_interrupts = GEM_INT_RECEIVE_COMPLETE | GEM_INT_RX_USED_BIT_READ |
                                          GEM_INT_TX_USED_BIT_READ | GEM_INT_TX_UNDERRUN |
                                          GEM_INT_TX_CORRUPT | GEM_INT_TRANSMIT_COMPLETE |
                                          GEM_INT_RECEIVE_OVERRUN | GEM_INT_BUS_ERROR;

static uint32_t loopback;

bool gem_present(void)
{
    return gem_read(GEM_MODULE_ID) != 0;
}

bool gem_enabled(void)
{
    const uint32_t both = GEM_ENABLE_RECEIVE | GEM_ENABLE_TRANSMIT;
    return (gem_read(GEM_NETWORK_CONTROL) & both) == both;
}

bool gem_station_address(uint8_t mac[6])
{
    const uint32_t bottom = gem_read(GEM_SPEC_ADD1_BOTTOM);
    const uint32_t top = gem_read(GEM_SPEC_ADD1_TOP);
    for (unsigned i = 0; i < 6; ++i)
    {
        mac[i] = (uint8_t)(i < 4 ? bottom >> 8 * i : top >> 8 * (i - 4));
    }
    return bottom != 0 && !(mac[0] & 1);
}

static uint32_t bus_width(void)
{
    // DBWDEF of the design configuration: 1, 2 or 4 times 32 bits.
    switch (gem_read(GEM_DESIGN_CONFIG1) >> 25 & 7)
    {
    case 4:
        return 2;
    case 2:
        return 1;
    default:
        return 0;
    }
}

static void set_station_address(const uint8_t mac[6])
{
    gem_write(GEM_SPEC_ADD1_BOTTOM, (uint32_t)mac[0] | (uint32_t)mac[1] << 8 |
                                        (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24);
    gem_write(GEM_SPEC_ADD1_TOP, (uint32_t)mac[4] | (uint32_t)mac[5] << 8);
}

static void set_queues(const struct gem_queues* queues)
{
    gem_write(GEM_UPPER_RX_Q_BASE, (uint32_t)(queues->receive >> 32));
    gem_write(GEM_UPPER_TX_Q_BASE, (uint32_t)(queues->transmit >> 32));
    gem_write(GEM_RECEIVE_Q, (uint32_t)queues->receive);
    gem_write(GEM_TRANSMIT_Q, (uint32_t)queues->transmit);

    // ZynqMP's GEM has two queues and looks into both. Left at 0 the second would take whatever is
    // at address 0 for descriptors.
    gem_write(GEM_RECEIVE_Q1, (uint32_t)queues->stopped_receive);
    gem_write(GEM_TRANSMIT_Q1, (uint32_t)queues->stopped_transmit);
    gem_write(GEM_RX_BUFFER_SIZE_Q1, RINGS_SLOT_SIZE / 64);
}

void gem_stop(void)
{
    gem_write(GEM_INT_DISABLE, EVERYTHING);
    gem_write(GEM_INT_Q1_DISABLE, EVERYTHING);
    gem_write(GEM_NETWORK_CONTROL, 0);
    gem_write(GEM_NETWORK_CONTROL, GEM_CLEAR_STATISTICS);
    gem_write(GEM_TRANSMIT_STATUS, EVERYTHING);
    gem_write(GEM_RECEIVE_STATUS, EVERYTHING);
    gem_write(GEM_INT_STATUS, EVERYTHING);
    (void)gem_read(GEM_INT_STATUS);
}

void gem_start(const struct gem_queues* queues, const uint8_t mac[6])
{
    gem_stop();
    gem_write(GEM_NETWORK_CONFIG, GEM_FULL_DUPLEX | GEM_RECEIVE_1536 | GEM_GIGABIT |
                                      RINGS_FRAME_OFFSET << GEM_RECEIVE_OFFSET_SHIFT |
                                      GEM_FCS_REMOVE | 2u << GEM_MDC_DIVISION_SHIFT |
                                      bus_width() << GEM_BUS_WIDTH_SHIFT);
    gem_write(GEM_DMA_CONFIG, GEM_BURST_16 | GEM_RX_PACKET_MEMORY_ALL | GEM_TX_PACKET_MEMORY_ALL |
                                  RINGS_SLOT_SIZE / 64 << GEM_RX_BUFFER_SIZE_SHIFT |
                                  GEM_ADDRESSES_64BIT);
    set_station_address(mac);
    set_queues(queues);
    barrier(); // the descriptors are in memory before it looks at them
    gem_write(GEM_INT_ENABLE, wanted_interrupts);
    gem_write(GEM_NETWORK_CONTROL, loopback | GEM_ENABLE_RECEIVE | GEM_ENABLE_TRANSMIT);
}

void gem_set_loopback(bool on)
{
    gem_stop(); // the bit may only change while both directions are off
    loopback = on ? GEM_LOOPBACK_LOCAL : 0;
}

// Adds to what is there and enables nothing: this may be another GEM than the one that was started,
// just plugged in, and enabled it would take whatever is at address 0 for descriptors.
static void control(uint32_t bits)
{
    barrier();
    gem_write(GEM_NETWORK_CONTROL, gem_read(GEM_NETWORK_CONTROL) | bits);
}

void gem_transmit(void)
{
    control(GEM_START_TRANSMIT);
}

void gem_receive(void)
{
    // The controller looks again with the next frame. The emulator's looks when this is written.
    gem_write(GEM_RECEIVE_STATUS, EVERYTHING);
    control(0);
}

uint32_t gem_take_interrupts(void)
{
    const uint32_t status = gem_read(GEM_INT_STATUS);
    gem_write(GEM_INT_STATUS, status);
    // Read back: the line has to be low before the end of the interrupt is signalled.
    (void)gem_read(GEM_MODULE_ID); // not the status itself: an older GEM is cleared by reading
    return status;
}
