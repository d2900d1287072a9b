// SPDX-License-Identifier: Apache-2.0
// UartBench: a CadenceUart with a fake line, a fake far end and a clock that stands still.
#pragma once

#include "common/registers/uart.hpp"
#include "devices/emulated/cadence_uart.hpp"
#include "tests/unit/devices/fake_irq_line.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace aliasvm::devices
{

namespace uart = registers::uart;

inline constexpr std::array<std::uint8_t, 4> all_widths{1, 2, 4, 8};

class FakeUartSink final : public UartSink
{
public:
    std::string output;
    unsigned attentions{};

    void put(std::span<const std::byte> bytes) noexcept override
    {
        for (const std::byte value : bytes)
            output.push_back(static_cast<char>(value));
    }
    void attention() noexcept override { ++attentions; }
};

class UartBench
{
public:
    UartBench() { clock() = CadenceUart::Time{std::chrono::hours{1}}; }

    /// What the FSBL leaves, or a bare-metal guest sets: 115200 baud, both directions on.
    void enable() { write(uart::cr, uart::cr_rxen | uart::cr_txen); }

    [[nodiscard]] std::uint32_t read(std::uint64_t offset)
    {
        return static_cast<std::uint32_t>(device.read(offset, 4));
    }
    void write(std::uint64_t offset, std::uint32_t value) { device.write(offset, 4, value); }
    void send(std::string_view text)
    {
        for (const char c : text)
            write(uart::fifo, static_cast<unsigned char>(c));
    }
    std::size_t type(std::string_view text)
    {
        return device.receive(std::as_bytes(std::span{text}));
    }
    /// Everything that a driver can read now.
    [[nodiscard]] std::string drain()
    {
        std::string text;
        while ((read(uart::sr) & uart::sr_rempty) == 0)
            text.push_back(static_cast<char>(read(uart::fifo)));
        return text;
    }
    [[nodiscard]] bool raised(std::uint32_t bits) { return (read(uart::isr) & bits) == bits; }

    void pass(std::chrono::nanoseconds time) { clock() += time; }
    [[nodiscard]] CadenceUart::Time time() const { return clock(); }

    FakeIrqLine irq;
    FakeUartSink sink;
    CadenceUart device{irq, sink, &now};

private:
    static CadenceUart::Time& clock()
    {
        static CadenceUart::Time time;
        return time;
    }
    static CadenceUart::Time now() noexcept { return clock(); }
};

} // namespace aliasvm::devices
