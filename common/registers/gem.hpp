// SPDX-License-Identifier: Apache-2.0
// Offsets and bits of the Gigabit Ethernet MAC. Source: UG1087, module GEM.
#pragma once

#include <array>
#include <cstdint>

namespace aliasvm::registers::gem
{

/// Offsets in bytes from the start of the window. ZynqMP's has two queues; the block can have four.
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

} // namespace aliasvm::registers::gem
