// SPDX-License-Identifier: Apache-2.0
// Registers of the Cadence GEM as in ZynqMP (UG1087, module GEM), at the place of GEM0.
#pragma once

#include <stdint.h>

#include "mmio.h"

#define GEM_BASE 0xff0b0000u
#define GEM_INTID 89u // SPI 57

enum gem_register
{
    GEM_NETWORK_CONTROL = 0x000,
    GEM_NETWORK_CONFIG = 0x004,
    GEM_DMA_CONFIG = 0x010,
    GEM_TRANSMIT_STATUS = 0x014, // write one to clear
    GEM_RECEIVE_Q = 0x018,
    GEM_TRANSMIT_Q = 0x01c,
    GEM_RECEIVE_STATUS = 0x020, // write one to clear
    GEM_INT_STATUS = 0x024,     // write one to clear
    GEM_INT_ENABLE = 0x028,
    GEM_INT_DISABLE = 0x02c,
    GEM_SPEC_ADD1_BOTTOM = 0x088, // switches the address off
    GEM_SPEC_ADD1_TOP = 0x08c,    // switches it on
    GEM_MODULE_ID = 0x0fc,
    GEM_DESIGN_CONFIG1 = 0x280,
    GEM_TRANSMIT_Q1 = 0x440,
    GEM_RECEIVE_Q1 = 0x480,
    GEM_RX_BUFFER_SIZE_Q1 = 0x4a0,
    GEM_UPPER_TX_Q_BASE = 0x4c8, // of all transmit queues
    GEM_UPPER_RX_Q_BASE = 0x4d4, // of all receive queues
    GEM_INT_Q1_DISABLE = 0x620,
};

enum
{
    // NETWORK_CONTROL
    GEM_LOOPBACK_LOCAL = 1u << 1,
    GEM_ENABLE_RECEIVE = 1u << 2,
    GEM_ENABLE_TRANSMIT = 1u << 3,
    GEM_CLEAR_STATISTICS = 1u << 5,
    GEM_START_TRANSMIT = 1u << 9,

    // NETWORK_CONFIG
    GEM_FULL_DUPLEX = 1u << 1,
    GEM_RECEIVE_1536 = 1u << 8,
    GEM_GIGABIT = 1u << 10,
    GEM_RECEIVE_OFFSET_SHIFT = 14,
    GEM_FCS_REMOVE = 1u << 17,
    GEM_MDC_DIVISION_SHIFT = 18,
    GEM_BUS_WIDTH_SHIFT = 21, // 0 is 32, 1 is 64, 2 is 128 bits

    // DMA_CONFIG
    GEM_BURST_16 = 16u,                 // INCR16
    GEM_RX_PACKET_MEMORY_ALL = 3u << 8, // 8 KiB
    GEM_TX_PACKET_MEMORY_ALL = 1u << 10,
    GEM_RX_BUFFER_SIZE_SHIFT = 16, // in 64 bytes
    GEM_ADDRESSES_64BIT = 1u << 30,

    // INT_STATUS, _ENABLE, _DISABLE
    GEM_INT_RECEIVE_COMPLETE = 1u << 1,
    GEM_INT_RX_USED_BIT_READ = 1u << 2,
    GEM_INT_TX_USED_BIT_READ = 1u << 3,
    GEM_INT_TX_UNDERRUN = 1u << 4,
    GEM_INT_TX_CORRUPT = 1u << 6,
    GEM_INT_TRANSMIT_COMPLETE = 1u << 7,
    GEM_INT_RECEIVE_OVERRUN = 1u << 10,
    GEM_INT_BUS_ERROR = 1u << 11, // "resp_not_ok"
};

static inline uint32_t gem_read(enum gem_register offset)
{
    return mmio_read32(GEM_BASE + offset);
}

static inline void gem_write(enum gem_register offset, uint32_t value)
{
    mmio_write32(GEM_BASE + offset, value);
}
