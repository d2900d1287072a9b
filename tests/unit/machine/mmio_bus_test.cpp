// SPDX-License-Identifier: Apache-2.0
// MmioBus: who answers where, and that nobody answers elsewhere.
#include "vmm/machine/mmio_bus.hpp"

#include "common/base/error.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace
{

using namespace aliasvm;
using machine::MmioBus;

/// Answers with the offset that it was asked for.
struct Echo final : devices::MmioDevice
{
    std::uint64_t read(std::uint64_t offset, std::uint8_t) noexcept override { return offset + 1; }
    void write(std::uint64_t offset, std::uint8_t width, std::uint64_t value) noexcept override
    {
        last = {offset, width, value};
    }
    struct
    {
        std::uint64_t offset, width, value;
    } last{};
};

constexpr GuestRange uart_range{{0xff00'0000}, 0x1000};

TEST(AnMmioBus, GivesADeviceOffsetsWithinItsWindow)
{
    Echo device;
    MmioBus bus;
    bus.add(uart_range, "uart0", device);
    std::uint64_t value = 0;
    EXPECT_TRUE(bus.read({0xff00'002c}, 4, value));
    EXPECT_EQ(value, 0x2dU);
    EXPECT_TRUE(bus.write({0xff00'0ffc}, 4, 7));
    EXPECT_EQ(device.last.offset, 0xffcU);
    EXPECT_EQ(device.last.value, 7U);
}

TEST(AnMmioBus, ReadsZeroAndCountsWhereNothingIs)
{
    MmioBus bus;
    std::uint64_t value = 99;
    EXPECT_FALSE(bus.read({0x1234}, 8, value));
    EXPECT_EQ(value, 0U);
    EXPECT_FALSE(bus.write({0x1234}, 8, 1));
    EXPECT_EQ(bus.unmapped_reads(), 1U);
    EXPECT_EQ(bus.unmapped_writes(), 1U);
}

TEST(AnMmioBus, DoesNotLetAnAccessRunPastTheEndOfAWindow)
{
    Echo device;
    MmioBus bus;
    bus.add(uart_range, "uart0", device);
    std::uint64_t value = 0;
    EXPECT_TRUE(bus.read({0xff00'0ff8}, 8, value));
    EXPECT_FALSE(bus.read({0xff00'0ffc}, 8, value));
    EXPECT_FALSE(bus.read({0xfeff'fffc}, 8, value));
    EXPECT_FALSE(bus.read({~std::uint64_t{0}}, 8, value));
}

TEST(AnMmioBus, NamesBothDevicesThatOverlap)
{
    Echo device;
    MmioBus bus;
    bus.add(uart_range, "uart0", device);
    try
    {
        bus.add({{0xff00'0800}, 0x1000}, "can0", device);
        FAIL() << "the overlap was taken";
    }
    catch (const Error& error)
    {
        const std::string told = error.what();
        EXPECT_NE(told.find("uart0"), std::string::npos) << told;
        EXPECT_NE(told.find("can0"), std::string::npos) << told;
        EXPECT_NE(told.find("0xff000800"), std::string::npos) << told;
    }
}

TEST(AnMmioBus, AgreesWithALinearSearchAtRandomAddresses)
{
    Echo device;
    MmioBus bus;
    std::vector<GuestRange> windows;
    for (std::uint64_t n : {7U, 3U, 5U, 1U}) // not in order
        windows.push_back({{n * 0x10000}, 0x1000 * n});
    for (const GuestRange& window : windows)
        bus.add(window, "device", device);
    std::mt19937_64 random{7};
    for (int n = 0; n < 100'000; ++n)
    {
        const GuestAddr at{random() % 0x90000};
        const auto width = static_cast<std::uint8_t>(1U << random() % 4);
        const bool inside = std::ranges::any_of(windows, [&](const GuestRange& window)
                                                { return window.contains(at, width); });
        std::uint64_t value = 0;
        ASSERT_EQ(bus.read(at, width, value), inside) << std::hex << at.value;
    }
}

} // namespace
