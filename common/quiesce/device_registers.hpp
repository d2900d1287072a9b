// SPDX-License-Identifier: Apache-2.0
// Offsets and bits of the devices that can be brought to rest, as far as that takes.
#pragma once

#include <array>
#include <cstdint>

/// Offsets in bytes from the start of the device's window. Source of each: UG1087 (Zynq UltraScale+
/// register reference), the module named above the namespace.
namespace aliasvm::quiesce
{

/// Of any register; what is reserved as well.
inline constexpr std::uint32_t every_bit = 0xffff'ffff;

/// Module UART.
namespace uart
{
inline constexpr std::uint32_t control = 0x00;
inline constexpr std::uint32_t mode = 0x04;
inline constexpr std::uint32_t interrupt_enable = 0x08;  // write only
inline constexpr std::uint32_t interrupt_disable = 0x0c; // write only
inline constexpr std::uint32_t interrupt_mask = 0x10;    // read only, 1 is enabled
inline constexpr std::uint32_t interrupt_status = 0x14;  // write 1 to clear
inline constexpr std::uint32_t baud_generator = 0x18;
inline constexpr std::uint32_t receiver_timeout = 0x1c;
inline constexpr std::uint32_t receiver_trigger = 0x20;
inline constexpr std::uint32_t modem_control = 0x24;
inline constexpr std::uint32_t baud_divider = 0x34;
inline constexpr std::uint32_t flow_delay = 0x38;
inline constexpr std::uint32_t transmitter_trigger = 0x44;

inline constexpr std::uint32_t every_interrupt = 0x3fff;
inline constexpr std::uint32_t reset_fifos = 0x003;  // RXRES, TXRES: clear themselves
inline constexpr std::uint32_t enable_both = 0x014;  // RXEN, TXEN
inline constexpr std::uint32_t disable_both = 0x028; // RXDIS, TXDIS
inline constexpr std::uint32_t stop_break = 0x100;
inline constexpr std::uint32_t lasting_control = 0x1bc; // all but the resets and RSTTO
} // namespace uart

/// Module TTC. The registers of counter i are at offset + 4 * i.
namespace ttc
{
inline constexpr std::uint32_t counters = 3;
inline constexpr std::uint32_t clock_control = 0x00;
inline constexpr std::uint32_t counter_control = 0x0c;
inline constexpr std::uint32_t interval = 0x24;
inline constexpr std::array<std::uint32_t, 3> match{0x30, 0x3c, 0x48};
inline constexpr std::uint32_t interrupt_status = 0x54; // read to clear
inline constexpr std::uint32_t interrupt_enable = 0x60;
inline constexpr std::uint32_t event_control = 0x6c;

inline constexpr std::uint32_t counter_stopped = 0x21; // reset value: waveform off, counter off
inline constexpr std::uint32_t lasting_control = 0x6f; // all but RST, which clears itself
} // namespace ttc

/// Module CAN.
namespace can
{
inline constexpr std::uint32_t software_reset = 0x00;
inline constexpr std::uint32_t mode_select = 0x04;
inline constexpr std::uint32_t baud_prescaler = 0x08;
inline constexpr std::uint32_t bit_timing = 0x0c;
inline constexpr std::uint32_t status = 0x18;
inline constexpr std::uint32_t interrupt_enable = 0x20;
inline constexpr std::uint32_t interrupt_clear = 0x24; // write only
inline constexpr std::uint32_t watermark = 0x2c;
inline constexpr std::uint32_t filter_use = 0x60;
inline constexpr std::uint32_t filters = 0x64; // mask and id of four, 8 bytes each
inline constexpr std::uint32_t filters_end = 0x84;

inline constexpr std::uint32_t reset = 1; // SRST: clears itself, and everything else
inline constexpr std::uint32_t enable = 2;
inline constexpr std::uint32_t in_configuration_mode = 1;
inline constexpr std::uint32_t every_interrupt = 0x7fff;
} // namespace can

/// Module I2C.
namespace i2c
{
inline constexpr std::uint32_t control = 0x00;
inline constexpr std::uint32_t status = 0x04;
inline constexpr std::uint32_t address = 0x08;
inline constexpr std::uint32_t interrupt_status = 0x10; // write 1 to clear
inline constexpr std::uint32_t transfer_size = 0x14;
inline constexpr std::uint32_t slave_pause = 0x18;
inline constexpr std::uint32_t time_out = 0x1c;
inline constexpr std::uint32_t interrupt_mask = 0x20;    // read only, 1 is disabled
inline constexpr std::uint32_t interrupt_enable = 0x24;  // write only
inline constexpr std::uint32_t interrupt_disable = 0x28; // write only

inline constexpr std::uint32_t master = 0x02;
inline constexpr std::uint32_t hold_bus = 0x10;
inline constexpr std::uint32_t monitor_slave = 0x20;
inline constexpr std::uint32_t clear_fifo = 0x40; // clears itself
inline constexpr std::uint32_t bus_active = 0x100;
inline constexpr std::uint32_t every_interrupt = 0x2ff;
inline constexpr std::uint32_t time_out_reset_value = 0x1f;
} // namespace i2c

/// Module SPI.
namespace spi
{
inline constexpr std::uint32_t configuration = 0x00;
inline constexpr std::uint32_t interrupt_status = 0x04;  // write 1 to clear
inline constexpr std::uint32_t interrupt_enable = 0x08;  // write only
inline constexpr std::uint32_t interrupt_disable = 0x0c; // write only
inline constexpr std::uint32_t interrupt_mask = 0x10;    // read only, 1 is enabled
inline constexpr std::uint32_t enable = 0x14;
inline constexpr std::uint32_t delay = 0x18;
inline constexpr std::uint32_t receive_data = 0x20;
inline constexpr std::uint32_t slave_idle_count = 0x24;
inline constexpr std::uint32_t transmit_threshold = 0x28;
inline constexpr std::uint32_t receive_threshold = 0x2c;

inline constexpr std::uint32_t every_interrupt = 0x7f;
inline constexpr std::uint32_t receive_not_empty = 0x10; // as many as the threshold, or more
inline constexpr std::uint32_t manual_start = 0x1'0000;  // clears itself
inline constexpr std::uint32_t configuration_reset_value = 0x2'0000;
inline constexpr std::uint32_t slave_idle_count_reset_value = 0xff;
} // namespace spi

/// Module GEM. ZynqMP's has two queues; the disable registers of all that the block can have are
/// written.
namespace gem
{
inline constexpr std::uint32_t network_control = 0x00;
inline constexpr std::uint32_t network_configuration = 0x04;
inline constexpr std::uint32_t network_status = 0x08;
inline constexpr std::uint32_t dma_configuration = 0x10;
inline constexpr std::uint32_t transmit_status = 0x14; // write 1 to clear
inline constexpr std::uint32_t receive_queue = 0x18;
inline constexpr std::uint32_t transmit_queue = 0x1c;
inline constexpr std::uint32_t receive_status = 0x20;    // write 1 to clear
inline constexpr std::uint32_t interrupt_status = 0x24;  // write 1 to clear
inline constexpr std::uint32_t interrupt_enable = 0x28;  // write only
inline constexpr std::uint32_t interrupt_disable = 0x2c; // write only
inline constexpr std::uint32_t interrupt_mask = 0x30;    // read only, 1 is disabled
inline constexpr std::uint32_t longest_frame = 0x48;
inline constexpr std::uint32_t hash_bottom = 0x80;
inline constexpr std::uint32_t hash_top = 0x84;
inline constexpr std::uint32_t addresses = 0x88; // bottom and top of four, 8 bytes each
inline constexpr std::uint32_t addresses_end = 0xa8;
inline constexpr std::uint32_t type_matches = 0xa8; // four
inline constexpr std::uint32_t type_matches_end = 0xb8;
inline constexpr std::uint32_t timer_increment = 0x1dc;
inline constexpr std::uint32_t interrupt_status_q1 = 0x400; // write 1 to clear
inline constexpr std::uint32_t transmit_queue_q1 = 0x440;
inline constexpr std::uint32_t receive_queue_q1 = 0x480;
inline constexpr std::uint32_t buffer_size_q1 = 0x4a0;
inline constexpr std::uint32_t transmit_queue_msb = 0x4c8;
inline constexpr std::uint32_t receive_queue_msb = 0x4d4;
inline constexpr std::uint32_t interrupt_enable_q1 = 0x600; // write only
inline constexpr std::array<std::uint32_t, 3> interrupt_disable_q{0x620, 0x624, 0x628}; // q1 to q3
inline constexpr std::uint32_t interrupt_mask_q1 = 0x640;                               // read only

// network_control
inline constexpr std::uint32_t receive_enable = 0x4;
inline constexpr std::uint32_t transmit_enable = 0x8;
inline constexpr std::uint32_t clear_statistics = 0x20;
inline constexpr std::uint32_t halt_transmit = 0x400;
inline constexpr std::uint32_t flush_packet_buffer = 0x4'0000;
/// What starts, stops or clears something, once: clear and increment statistics, start and halt,
/// pause frames, snapshots, flush.
inline constexpr std::uint32_t one_shot_control = 0x6'7e60;
// network_configuration
inline constexpr std::uint32_t copy_all = 0x10;
inline constexpr std::uint32_t no_broadcast = 0x20;
inline constexpr std::uint32_t match_hash_and_external = 0x2c0;
inline constexpr std::uint32_t configuration_reset_value = 0x8'0000;
// the rest
inline constexpr std::uint32_t phy_management_idle = 0x4; // network_status
inline constexpr std::uint32_t transmit_go = 0x8;         // transmit_status
inline constexpr std::uint32_t dma_reset_value = 0x2'0784;
inline constexpr std::uint32_t longest_frame_reset_value = 0x2800;
} // namespace gem

} // namespace aliasvm::quiesce
