// SPDX-License-Identifier: Apache-2.0
// The MAC itself: brought up, started, asked. Rings are rings.h, plugging is driver.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Where the two rings and the two stopped descriptors of the second queue are. All four in the
// same 4 GiB: the upper half of the address is one register for all queues of a direction.
struct gem_queues
{
    uint64_t receive;
    uint64_t transmit;
    uint64_t stopped_receive;
    uint64_t stopped_transmit;
};

// Something stands at the address. Nothing reads 0, which no GEM has as its module id.
bool gem_present(void);

// It is enabled, as gem_start leaves it. One that was just plugged in, or reset, is not.
bool gem_enabled(void);

// The station address that firmware, or whoever had it before, has left; false if there is none.
bool gem_station_address(uint8_t mac[6]);

// From any state to receiving and transmitting at 1000 Mbit/s full duplex, interrupts on.
void gem_start(const struct gem_queues* queues, const uint8_t mac[6]);

// Disabled, silent, its DMA off.
void gem_stop(void);

// Whether what is sent comes back inside the MAC; started with gem_start again after each change.
void gem_set_loopback(bool on);

// There are frames in the transmit ring that the controller may not have seen.
void gem_transmit(void);

// There are free buffers again after the controller has found none.
void gem_receive(void);

// The causes of the interrupt; the line is low when this returns, unless there is a new cause.
uint32_t gem_take_interrupts(void);
