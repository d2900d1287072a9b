// SPDX-License-Identifier: Apache-2.0
// SavedRegisters: what a device was set to, to undo bring_to_rest() when an assignment is undone.
#pragma once

#include "common/quiesce/register_window.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace aliasvm::quiesce
{

struct RegisterWrite
{
    std::uint32_t offset{};
    std::uint32_t value{};
};

/// What an instance that comes to a machine is set to. It is at rest in either case.
enum class Settings : bool
{
    at_rest, ///< as bring_to_rest() left it
    as_left, ///< those it had when it was taken from there, since the move has failed
};

/// The settings of one device, and the writes that bring them back. Saved before bring_to_rest(),
/// restored after it.
///
/// What cannot be put back, of any kind: what is in FIFOs, what is half-way on a wire, events that
/// are pending (except UART's FIFO states, which come by themselves). And of
///
/// TTC    the counts: counters go on from where bring_to_rest() stopped them.
/// CAN    error counters and the time stamp; after 11 recessive bits it is on the bus again.
/// I2C    a transfer: the driver has to start it again. Its own address is put back for a slave
///        only, since writing it is what starts a master's transfer.
/// GEM    the place in the rings. Silicon shows the descriptor that it has reached, not where the
///        ring begins, and starts at what is written: its driver has to set up the rings again
///        (ip link set DEVICE down, and up). Statistics and the 1588 time are gone. Transmission
///        starts with the driver's next frame.
class SavedRegisters
{
public:
    /// Reads; changes nothing. Empty for a kind of device that this knows nothing of, and then
    /// restore() does nothing.
    [[nodiscard]] static SavedRegisters save(std::span<const std::string> compatibles,
                                             RegisterWindow& registers);

    /// Writes settings first, interrupts next, and what sets the device going last. Only on a
    /// device that bring_to_rest() said is at rest.
    void restore(RegisterWindow& registers) const;

private:
    std::vector<RegisterWrite> writes_;
};

} // namespace aliasvm::quiesce
