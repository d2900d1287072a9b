// SPDX-License-Identifier: Apache-2.0
// The emulated UART under a guest that does anything, and under two threads.
#include "tests/unit/devices/uart_bench.hpp"

#include "devices/emulated/console_output.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace aliasvm::devices
{
namespace
{

using namespace uart;

TEST(AnArbitraryGuest, CannotPartTheInterruptLineFromItsRegisters)
{
    for (const unsigned seed : {1U, 2U, 3U})
    {
        UartBench bench;
        std::mt19937_64 random{seed};
        constexpr auto beyond = CadenceUart::window_size - 8;
        for (int i = 0; i < 200'000; ++i)
        {
            const std::uint8_t width = all_widths[random() % 4];
            const std::uint64_t offset = random() % 8 != 0 ? random() % 0x50 : random() % beyond;
            switch (random() % 8)
            {
            case 0:
                bench.type(std::string(random() % 100, 'x'));
                break;
            case 1:
                bench.pass(std::chrono::microseconds{random() % 500});
                static_cast<void>(bench.device.poll_timeout());
                break;
            case 2:
            case 3:
            case 4:
                static_cast<void>(bench.device.read(offset, width));
                break;
            default:
                bench.device.write(offset, width, random() & random());
                break;
            }
            ASSERT_EQ(bench.irq.level, (bench.read(isr) & bench.read(imr)) != 0)
                << "seed " << seed << " step " << i;
            if (bench.sink.output.size() > 1'000'000)
                bench.sink.output.clear();
        }
        EXPECT_NE(bench.irq.rises, 0U) << "or the test shows nothing";
    }
}

TEST(AnArbitraryGuest, AlwaysFindsALastByteOfTheWindow)
{
    UartBench bench;
    for (const std::uint8_t width : all_widths)
    {
        const std::uint64_t offset = CadenceUart::window_size - width;
        bench.device.write(offset, width, ~0ULL);
        EXPECT_EQ(bench.device.read(offset, width), 0U);
    }
}

TEST(AnUnalignedAccess, TouchesEachRegisterThatItOverlaps)
{
    UartBench bench;
    bench.write(baudgen, 0x1234);
    bench.write(rtor, 0x56);
    EXPECT_EQ(bench.device.read(baudgen, 8), 0x56'0000'1234U);
    EXPECT_EQ(bench.device.read(baudgen + 1, 1), 0x12U);
    EXPECT_EQ(bench.device.read(baudgen + 1, 4), 0x5600'0012U);
    bench.device.write(baudgen + 1, 4, 0x7800'0099);
    EXPECT_EQ(bench.read(baudgen), 0x9900U);
    EXPECT_EQ(bench.read(rtor), 0x78U);
}

/// A vCPU that echoes by interrupt and a main loop that types, each at its own pace.
TEST(AVcpuAndTheMainLoop, ExchangeEveryByteInOrder)
{
    constexpr std::size_t total = 40'000;
    FakeIrqLine irq;
    const auto output = std::make_unique<ConsoleOutput>();
    CadenceUart device{irq, *output};
    const auto read32 = [&](std::uint64_t at) { return device.read(at, 4); };
    device.write(cr, 4, cr_rxen | cr_txen);
    device.write(rtrig, 4, 56);
    device.write(rtor, 4, 1);
    device.write(ier, 4, irq_rtrig | irq_tout);

    std::atomic<bool> done{};
    std::thread vcpu{[&]
                     {
                         while (!done)
                         {
                             if (!irq.level)
                             {
                                 std::this_thread::yield();
                                 continue;
                             }
                             device.write(isr, 4, read32(isr));
                             while ((read32(sr) & sr_rempty) == 0)
                                 device.write(fifo, 4, read32(fifo));
                         }
                     }};

    std::vector<std::byte> typed(total);
    for (std::size_t i = 0; i < total; ++i)
        typed[i] = static_cast<std::byte>(i * 7 + i / 256);
    std::vector<std::byte> heard;
    std::array<std::byte, 1024> into{};
    std::uint64_t position = 0;
    std::span<const std::byte> left{typed};
    while (heard.size() < total)
    {
        left = left.subspan(device.receive(left.first(std::min<std::size_t>(left.size(), 100))));
        static_cast<void>(device.poll_timeout());
        output->acknowledge();
        const auto [count, dropped] = output->ring().read(position, into);
        ASSERT_EQ(dropped, 0U);
        heard.insert(heard.end(), into.begin(), into.begin() + static_cast<std::ptrdiff_t>(count));
    }
    done = true;
    vcpu.join();
    EXPECT_EQ(heard, typed);
}

} // namespace
} // namespace aliasvm::devices
