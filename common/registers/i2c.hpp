// SPDX-License-Identifier: Apache-2.0
// Offsets and bits of the I2C controller. Source: UG1087, module I2C.
#pragma once

#include <cstdint>

namespace aliasvm::registers::i2c
{

/// Offsets in bytes from the start of the window.
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

} // namespace aliasvm::registers::i2c
