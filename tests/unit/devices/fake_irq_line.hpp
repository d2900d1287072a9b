// SPDX-License-Identifier: Apache-2.0
// FakeIrqLine: an interrupt line that remembers what a device did to it.
#pragma once

#include "devices/irq_line.hpp"

#include <atomic>

namespace aliasvm::devices
{

/// Counters may be read while other threads drive the device.
class FakeIrqLine final : public IrqLine
{
public:
    std::atomic<bool> level{};
    std::atomic<unsigned> rises{};
    std::atomic<unsigned> falls{};

    void set(bool to) noexcept override
    {
        if (to && !level)
            ++rises;
        if (!to && level)
            ++falls;
        level = to;
    }
};

} // namespace aliasvm::devices
