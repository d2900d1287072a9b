// SPDX-License-Identifier: Apache-2.0
// One signal for however much output, until the main loop has come for it.
#include "devices/emulated/console_output.hpp"

namespace aliasvm::devices
{

void ConsoleOutput::put(std::span<const std::byte> bytes) noexcept
{
    ring_.write(bytes);
    attention();
}

void ConsoleOutput::attention() noexcept
{
    if (!signalled_.exchange(true, std::memory_order_acq_rel))
        event_.signal();
}

void ConsoleOutput::acknowledge() noexcept
{
    event_.drain();
    signalled_.exchange(false, std::memory_order_acq_rel);
}

} // namespace aliasvm::devices
