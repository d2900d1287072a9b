// SPDX-License-Identifier: Apache-2.0
// Offsets and bits of the SPI controller. Source: UG1087, module SPI.
#pragma once

#include <cstdint>

namespace aliasvm::registers::spi
{

/// Offsets in bytes from the start of the window.
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

} // namespace aliasvm::registers::spi
