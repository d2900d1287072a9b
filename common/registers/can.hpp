// SPDX-License-Identifier: Apache-2.0
// Offsets and bits of the CAN controller. Source: UG1087, module CAN.
#pragma once

#include <cstdint>

namespace aliasvm::registers::can
{

/// Offsets in bytes from the start of the window.
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

} // namespace aliasvm::registers::can
