// SPDX-License-Identifier: Apache-2.0
// Brings a device to rest after its owner is gone, whatever state that owner left it in.
#pragma once

#include "daemon/register_window.hpp"

#include <string_view>

namespace aliasvm::daemon
{

/// What became of it.
enum class Rest : std::uint8_t
{
    at_rest,     ///< interrupts masked, nothing in flight, as firmware hands it to its first owner
    still_busy,  ///< did not come to rest within the bound: must not be given to anybody
    no_sequence, ///< no sequence is known for such a device: left as it is
};

/// Runs the sequence for the device with this compatible string. Bounded: polls give up after a
/// number of reads that no working device needs.
///
/// A UART ends as ZynqMP's first-stage boot loader leaves it: 115200 8N1 at a 100 MHz reference
/// clock, receiver and transmitter on, FIFOs empty. Bare-metal software relies on that, and what
/// arrives before the next owner runs waits for it in the FIFO.
///
/// Sources: UG1087 (Zynq UltraScale+ register reference), modules UART and TTC.
[[nodiscard]] Rest bring_to_rest(std::string_view compatible, RegisterWindow& registers);

} // namespace aliasvm::daemon
