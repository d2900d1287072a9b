// SPDX-License-Identifier: Apache-2.0
// UartWindow: the registers of the emulated UART, which is the model of the physical one.
#pragma once

#include "common/quiesce/register_window.hpp"
#include "common/registers/uart.hpp"
#include "devices/emulated/cadence_uart.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace aliasvm::quiesce
{

namespace uart = registers::uart;

struct UartLine final : devices::IrqLine
{
    void set(bool level) noexcept override { high = level; }
    bool high{};
};

struct UartCounter final : devices::UartSink
{
    void put(std::span<const std::byte> bytes) noexcept override { sent += bytes.size(); }
    void attention() noexcept override {}
    std::size_t sent{};
};

class UartWindow final : public RegisterWindow
{
public:
    std::uint32_t read(std::uint32_t offset) override
    {
        return static_cast<std::uint32_t>(device.read(offset, 4));
    }
    void write(std::uint32_t offset, std::uint32_t value) override
    {
        device.write(offset, 4, value);
    }

    UartLine line;
    UartCounter sink;
    devices::CadenceUart device{line, sink};
};

} // namespace aliasvm::quiesce
