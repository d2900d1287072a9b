// SPDX-License-Identifier: Apache-2.0
// Offsets and bits of the triple timer counter. Source: UG1087, module TTC.
#pragma once

#include <array>
#include <cstdint>

namespace aliasvm::registers::ttc
{

/// Offsets in bytes from the start of the window. The registers of counter i are at offset + 4 * i.
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

} // namespace aliasvm::registers::ttc
