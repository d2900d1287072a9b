// SPDX-License-Identifier: Apache-2.0
// The replay ring: wrapping, falling behind, and reading while it is written.
#include "devices/emulated/replay_ring.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace aliasvm::devices
{
namespace
{

/// The byte that belongs at a position; another one a lap of the ring later, most of the time.
std::byte byte_at(std::uint64_t position)
{
    return static_cast<std::byte>(position * 0x9e37'79b9'7f4a'7c15 >> 56);
}

struct AReplayRing : testing::Test
{
    void write(std::size_t count, std::size_t at_once = 1000)
    {
        while (count != 0)
        {
            std::vector<std::byte> bytes(std::min(count, at_once));
            for (std::size_t i = 0; i < bytes.size(); ++i)
                bytes[i] = byte_at(ring->end() + i);
            ring->write(bytes);
            count -= bytes.size();
        }
    }

    /// Reads to the end, checking every byte; returns the bytes lost.
    std::uint64_t read_all(std::uint64_t& position, std::size_t at_once)
    {
        std::vector<std::byte> into(at_once);
        std::uint64_t lost = 0;
        for (;;)
        {
            const std::uint64_t before = position;
            const auto [count, dropped] = ring->read(position, into);
            EXPECT_EQ(position, before + dropped + count);
            for (std::size_t i = 0; i < count; ++i)
                EXPECT_EQ(into[i], byte_at(position - count + i));
            lost += dropped;
            if (count == 0)
                return lost;
        }
    }

    std::unique_ptr<ReplayRing> ring = std::make_unique<ReplayRing>();
};

TEST_F(AReplayRing, IsEmptyAtFirst)
{
    std::uint64_t position = 0;
    EXPECT_EQ(read_all(position, 16), 0U);
    EXPECT_EQ(position, 0U);
    EXPECT_EQ(ring->oldest(), 0U);
}

TEST_F(AReplayRing, GivesEveryReaderEverything)
{
    write(5000);
    std::uint64_t quick = 0;
    std::uint64_t slow = 0;
    EXPECT_EQ(read_all(quick, 4096), 0U);
    write(3000);
    EXPECT_EQ(read_all(quick, 1), 0U);
    EXPECT_EQ(read_all(slow, 77), 0U);
    EXPECT_EQ(slow, 8000U);
}

TEST_F(AReplayRing, HoldsExactlyTheLast64KiB)
{
    write(ReplayRing::capacity);
    EXPECT_EQ(ring->oldest(), 0U);
    write(1);
    EXPECT_EQ(ring->oldest(), 1U);
    std::uint64_t position = ring->oldest();
    EXPECT_EQ(read_all(position, 4096), 0U);
}

TEST_F(AReplayRing, TellsASlowReaderHowMuchItLost)
{
    write(100);
    std::uint64_t position = 40;
    write(3 * ReplayRing::capacity + 17);
    EXPECT_EQ(read_all(position, 4096), 100 + 2 * ReplayRing::capacity + 17 - 40);
    EXPECT_EQ(position, ring->end());
}

TEST_F(AReplayRing, TakesMoreThanItHoldsInOneGo)
{
    write(2 * ReplayRing::capacity + 5, 3 * ReplayRing::capacity);
    std::uint64_t position = 0;
    EXPECT_EQ(read_all(position, 4096), ReplayRing::capacity + 5);
}

TEST_F(AReplayRing, NeverGivesAReaderAByteFromTheWrongPlaceWhileItIsWritten)
{
    constexpr std::uint64_t total = 4'000'000;
    std::atomic<bool> reading{};
    std::thread writer{[&]
                       {
                           while (!reading)
                               std::this_thread::yield();
                           write(total, 20'000);
                       }};
    reading = true;
    std::vector<std::byte> into(4096);
    std::uint64_t laps_read = 0;
    std::uint64_t wrong = 0;
    while (ring->end() < total)
    {
        // The oldest bytes are the next to be overwritten: while they are copied, mostly.
        std::uint64_t position = ring->oldest();
        const std::size_t count = ring->read(position, into).count;
        for (std::size_t i = 0; i < count; ++i)
            wrong += into[i] == byte_at(position - count + i) ? 0 : 1;
        ++laps_read;
    }
    writer.join();
    EXPECT_EQ(wrong, 0U) << "in " << laps_read << " reads";

    std::uint64_t position = 0;
    EXPECT_EQ(read_all(position, 4096), total - ReplayRing::capacity);
}

} // namespace
} // namespace aliasvm::devices
