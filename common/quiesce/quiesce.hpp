// SPDX-License-Identifier: Apache-2.0
// Brings a device to rest after its owner is gone, whatever state that owner left it in.
#pragma once

#include "common/quiesce/register_window.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace aliasvm::quiesce
{

/// What became of it.
enum class Rest : std::uint8_t
{
    at_rest,     ///< interrupts masked, nothing in flight, as firmware hands it to its first owner
    still_busy,  ///< did not come to rest within the bound: must not be given to anybody
    no_sequence, ///< no sequence is known for such a device: left as it is
};

/// Whether bring_to_rest() has one for a device with these compatible strings.
[[nodiscard]] bool has_sequence(std::span<const std::string> compatibles);

/// Runs the sequence for a device with these compatible strings, of which the first that has one
/// counts. Bounded: polls give up after a number of reads that no working device needs (over 10 ms
/// of silicon).
///
/// UART   ends as ZynqMP's first-stage boot loader leaves it: 115200 8N1 at a 100 MHz reference
///        clock, receiver and transmitter on, FIFOs empty. Bare-metal software relies on that, and
///        what arrives before the next owner runs waits for it in the FIFO.
/// TTC    counters stopped, nothing pending.
/// CAN    reset, in configuration mode: off the bus.
/// I2C    no transfer of its own. What another master does with the bus is no reason to wait for.
/// SPI    disabled, FIFOs drained.
/// GEM    no DMA by any queue, no address accepted, pointers to nobody's memory. While it is
///        still_busy, its DMA may go on: keep it from memory that is anybody's. Its interrupts are
///        masked even then.
///
/// Sources: UG1085 (Zynq UltraScale+ technical reference manual), the chapters on each; registers
/// in common/registers. A new kind of device: see device_kind.hpp.
[[nodiscard]] Rest bring_to_rest(std::span<const std::string> compatibles,
                                 RegisterWindow& registers);

} // namespace aliasvm::quiesce
