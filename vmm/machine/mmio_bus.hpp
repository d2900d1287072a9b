// SPDX-License-Identifier: Apache-2.0
// MmioBus: finds the emulated device behind a guest-physical address.
#pragma once

#include "common/base/address.hpp"
#include "devices/mmio_device.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace aliasvm::machine
{

/// Windows of emulated devices, without overlap.
///
/// Threads: add() only while no vCPU runs. read() and write() from any vCPU thread, noexcept and
/// without allocation: a hostile guest drives them. An address that no device has, and an access
/// that crosses the end of a window, reads 0; a write to it vanishes. Both are counted.
class MmioBus
{
public:
    /// The device must outlive the bus. Throws Error that names both devices if windows overlap.
    void add(const GuestRange& window, std::string name, devices::MmioDevice& device);

    /// False where no device answers; `value` is 0 then.
    bool read(GuestAddr at, std::uint8_t width, std::uint64_t& value) noexcept;
    bool write(GuestAddr at, std::uint8_t width, std::uint64_t value) noexcept;

    [[nodiscard]] std::uint64_t unmapped_reads() const noexcept { return unmapped_reads_; }
    [[nodiscard]] std::uint64_t unmapped_writes() const noexcept { return unmapped_writes_; }

private:
    struct Entry
    {
        GuestRange window;
        std::string name;
        devices::MmioDevice* device;
    };

    [[nodiscard]] const Entry* find(GuestAddr at, std::uint8_t width) const noexcept;

    std::vector<Entry> entries_; ///< by address
    std::atomic<std::uint64_t> unmapped_reads_{};
    std::atomic<std::uint64_t> unmapped_writes_{};
};

} // namespace aliasvm::machine
