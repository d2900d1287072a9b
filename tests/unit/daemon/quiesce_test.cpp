// SPDX-License-Identifier: Apache-2.0
// Quiesce sequences against register models: the emulated UART, and a recording of writes.
#include "daemon/quiesce.hpp"

#include "devices/emulated/cadence_uart.hpp"

#include <array>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace
{

using aliasvm::daemon::bring_to_rest;
using aliasvm::daemon::RegisterWindow;
using aliasvm::daemon::Rest;

struct Line final : aliasvm::devices::IrqLine
{
    void set(bool level) noexcept override { high = level; }
    bool high{};
};

struct Sink final : aliasvm::devices::UartSink
{
    void put(std::span<const std::byte> bytes) noexcept override { sent += bytes.size(); }
    void attention() noexcept override {}
    std::size_t sent{};
};

/// The UART that guests get when there is no physical one is the model of the physical one.
class UartWindow final : public RegisterWindow
{
public:
    std::uint32_t read(std::uint32_t offset) override
    {
        return static_cast<std::uint32_t>(uart.read(offset, 4));
    }
    void write(std::uint32_t offset, std::uint32_t value) override { uart.write(offset, 4, value); }

    Line line;
    Sink sink;
    aliasvm::devices::CadenceUart uart{line, sink};
};

constexpr std::uint32_t imr = 0x10;

constexpr std::uint32_t sr = 0x2c;
constexpr std::uint32_t fifo = 0x30;

TEST(Quiesce, LeavesAUartSilentAndReceivingWhateverItsOwnerDid)
{
    std::mt19937 random{1};
    for (int round = 0; round < 200; ++round)
    {
        UartWindow window;
        for (int n = 0; n < 100; ++n)
            window.write(random() % 0x4c & ~3U, static_cast<std::uint32_t>(random()));

        EXPECT_EQ(bring_to_rest("xlnx,zynqmp-uart", window), Rest::at_rest);

        EXPECT_FALSE(window.line.high);
        EXPECT_EQ(window.read(imr), 0U);
        EXPECT_EQ(window.read(sr) & 0x80aU, 0x00aU) << "receiver and transmitter empty, idle";
        // Normal mode: what comes in stays in, and goes to the next owner.
        const std::size_t sent = window.sink.sent;
        const std::array bytes{std::byte{'a'}, std::byte{'b'}};
        EXPECT_EQ(window.uart.receive(bytes), 2U);
        EXPECT_EQ(window.sink.sent, sent);
        EXPECT_EQ(window.read(fifo), 'a');
        EXPECT_EQ(window.read(fifo), 'b');
    }
}

/// Remembers writes; what is written can be read.
struct Recorder final : RegisterWindow
{
    std::uint32_t read(std::uint32_t offset) override
    {
        reads.push_back(offset);
        return registers[offset];
    }
    void write(std::uint32_t offset, std::uint32_t value) override { registers[offset] = value; }

    std::map<std::uint32_t, std::uint32_t> registers;
    std::vector<std::uint32_t> reads;
};

TEST(Quiesce, StopsAllCountersOfATtcAndTakesTheirInterrupts)
{
    Recorder window;
    EXPECT_EQ(bring_to_rest("cdns,ttc", window), Rest::at_rest);
    for (std::uint32_t counter = 0; counter < 3; ++counter)
    {
        EXPECT_EQ(window.registers.at(0x0c + counter * 4) & 1U, 1U) << "counter is off";
        EXPECT_EQ(window.registers.at(0x60 + counter * 4), 0U) << "interrupt is off";
    }
    EXPECT_EQ(window.reads, (std::vector<std::uint32_t>{0x54, 0x58, 0x5c}));
}

TEST(Quiesce, SaysSoWhenAUartNeverComesOutOfItsReset)
{
    Recorder window; // its reset bits do not clear themselves
    EXPECT_EQ(bring_to_rest("xlnx,zynqmp-uart", window), Rest::still_busy);
    EXPECT_EQ(window.registers.at(0x0c), 0x3fffU) << "its interrupts are masked all the same";
}

TEST(Quiesce, LeavesADeviceAloneThatItDoesNotKnow)
{
    Recorder window;
    EXPECT_EQ(bring_to_rest("xlnx,zynqmp-gem", window), Rest::no_sequence);
    EXPECT_TRUE(window.registers.empty());
}

} // namespace
