// SPDX-License-Identifier: Apache-2.0
// UartSink: where an emulated UART's output goes, and who is told when it can take input again.
#pragma once

#include <cstddef>
#include <span>

namespace aliasvm::devices
{

/// The far end of a serial line. Called under the UART's lock by any thread, one call at a time:
/// never blocks, never allocates, never calls the UART.
class UartSink
{
public:
    virtual ~UartSink() = default;

    /// Bytes that the guest has sent. Whoever cannot keep up drops; a guest is never held up.
    virtual void put(std::span<const std::byte> bytes) noexcept = 0;

    /// Come back soon, on the thread that calls CadenceUart::receive(): there is room for input
    /// that was turned away, or the receiver timeout is due earlier than poll_timeout() last said.
    virtual void attention() noexcept = 0;
};

} // namespace aliasvm::devices
