// SPDX-License-Identifier: Apache-2.0
// IrqCounter: how often the host's GIC has delivered a physical interrupt.
#pragma once

#include "common/base/spi.hpp"

#include <cstdint>
#include <filesystem>
#include <map>

namespace aliasvm::daemon
{

/// Reads /sys/kernel/irq, which has lines without a handler too, unlike /proc/interrupts. Source:
/// Documentation/ABI/testing/sysfs-kernel-irq. One thread at a time.
class IrqCounter
{
public:
    /// Another tree is for tests.
    explicit IrqCounter(std::filesystem::path sysfs = "/sys");

    /// Over all CPUs, since the kernel made the line, which it does when a driver first asks for
    /// it. 0 if it has not. Throws std::filesystem::filesystem_error if sysfs cannot be read.
    [[nodiscard]] std::uint64_t count(Spi spi) const;

private:
    std::filesystem::path irqs_;
    /// Where a line was last. The kernel reuses numbers, so this is looked at again each time.
    mutable std::map<Spi, std::filesystem::path> last_;
};

} // namespace aliasvm::daemon
