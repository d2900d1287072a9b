// SPDX-License-Identifier: Apache-2.0
// MmioDevice: what an emulated device is to the MMIO bus.
#pragma once

#include <cstdint>
#include <string_view>

namespace aliasvm::devices
{

/// A device whose registers are served in user space.
///
/// Threads: read() and write() come from any vCPU thread, several at a time; the device brings its
/// own lock. They are driven by an untrusted guest: they never throw, never allocate, never block
/// on anybody outside, and take any offset within the window, aligned or not, and any width of 1,
/// 2, 4 or 8 bytes.
class MmioDevice
{
public:
    virtual ~MmioDevice() = default;

    /// Offset from the start of the device's window; offset + width is within it.
    [[nodiscard]] virtual std::uint64_t read(std::uint64_t offset, std::uint8_t width) noexcept = 0;
    virtual void write(std::uint64_t offset, std::uint8_t width, std::uint64_t value) noexcept = 0;
};

} // namespace aliasvm::devices
