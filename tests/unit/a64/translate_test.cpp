// SPDX-License-Identifier: Apache-2.0
// Walks over tables built by hand, one rule each, and over random ones against a list of mappings.
#include "common/a64/translate.hpp"

#include "tests/unit/a64/guest_tables.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::a64
{
namespace
{

constexpr std::uint64_t mmu_on = 1;
constexpr std::uint64_t ips_40 = std::uint64_t{2} << 32;
constexpr std::uint64_t table_base = 0x10'0000;

std::uint64_t tcr(const Granule& granule, unsigned t0sz, unsigned t1sz)
{
    return t0sz | std::uint64_t{granule.tg0} << 14 | t1sz << 16 | std::uint64_t{granule.tg1} << 30 |
           ips_40;
}

/// What Linux has: 4 KiB, 39 bits, one page for each half.
class Translate : public testing::Test
{
protected:
    static constexpr std::uint64_t low_page = 0x12'3456'7000;
    static constexpr std::uint64_t high_page = 0xffff'ffc0'0808'0000;
    static constexpr std::uint64_t low_output = 0x4000'5000;
    static constexpr std::uint64_t high_output = 0x4020'6000;

    Translate()
    {
        regime.sctlr = mmu_on;
        regime.tcr = tcr(granule_4k, 25, 25);
        constexpr std::uint64_t asid = 0x0123'0000'0000'0000;
        regime.ttbr0 = low.root() | asid | 1; // and CnP
        regime.ttbr1 = high.root() | asid;
        low.map(low_page, low_output, 3);
        high.map(high_page, high_output, 3);
    }

    std::optional<GuestAddr> at(std::uint64_t address) { return translate(regime, {address}, ram); }

    FakeRam ram;
    GuestTables low{ram, granule_4k, 25, table_base};
    GuestTables high{ram, granule_4k, 25, table_base + 0x10'0000};
    Regime regime;
};

TEST_F(Translate, FindsPagesOfBothHalves)
{
    EXPECT_EQ(at(low_page), GuestAddr{low_output});
    EXPECT_EQ(at(low_page + 0xffc), GuestAddr{low_output + 0xffc});
    EXPECT_EQ(at(high_page + 0x123), GuestAddr{high_output + 0x123});
    ram.reads = 0;
    EXPECT_EQ(at(low_page + 0x1000), std::nullopt);
    EXPECT_EQ(ram.reads, 3U);
}

TEST_F(Translate, FindsBlocks)
{
    low.map(0x40'0000'0000, 0x80'4000'0000, 1);
    low.map(0x8020'0000, 0x60'0000, 2);
    EXPECT_EQ(at(0x40'3fff'ffff), GuestAddr{0x80'7fff'ffff});
    EXPECT_EQ(at(0x8021'2345), GuestAddr{0x61'2345});
}

TEST_F(Translate, IsFlatWithoutTheMmu)
{
    regime.sctlr = 0;
    ram.reads = 0;
    EXPECT_EQ(at(0xff00'0000), GuestAddr{0xff00'0000});
    EXPECT_EQ(at(0xff'ffff'ffff), GuestAddr{0xff'ffff'ffff});
    EXPECT_EQ(at(0x100'0000'0000), std::nullopt);
    EXPECT_EQ(at(high_page), std::nullopt);
    constexpr std::uint64_t tag = 0x5a00'0000'0000'0000;
    EXPECT_EQ(at(tag | 0x1000), std::nullopt);
    regime.tcr |= std::uint64_t{1} << 37; // TBI0
    EXPECT_EQ(at(tag | 0x1000), GuestAddr{0x1000});
    EXPECT_EQ(ram.reads, 0U);
}

TEST_F(Translate, RefusesAddressesOutsideBothHalves)
{
    EXPECT_EQ(at(low_page | std::uint64_t{1} << 39), std::nullopt);
    EXPECT_EQ(at(low_page | std::uint64_t{1} << 54), std::nullopt);
    EXPECT_EQ(at(high_page & ~(std::uint64_t{1} << 39)), std::nullopt);
    EXPECT_EQ(at(low_page | std::uint64_t{1} << 63), std::nullopt);
}

TEST_F(Translate, IgnoresTheTagOfTheHalfThatHasOne)
{
    constexpr std::uint64_t tag = 0xa500'0000'0000'0000;
    const std::uint64_t tagged_high = (high_page & ~(std::uint64_t{0xff} << 56)) | tag;
    EXPECT_EQ(at(low_page | tag), std::nullopt);
    EXPECT_EQ(at(tagged_high), std::nullopt);
    regime.tcr |= std::uint64_t{1} << 37; // TBI0
    EXPECT_EQ(at(low_page | tag), GuestAddr{low_output});
    EXPECT_EQ(at(tagged_high), std::nullopt);
    regime.tcr ^= std::uint64_t{3} << 37; // TBI1 alone
    EXPECT_EQ(at(low_page | tag), std::nullopt);
    EXPECT_EQ(at(tagged_high), GuestAddr{high_output});
}

TEST_F(Translate, WalksNoDisabledHalf)
{
    regime.tcr |= 1U << 7; // EPD0
    EXPECT_EQ(at(low_page), std::nullopt);
    EXPECT_EQ(at(high_page), GuestAddr{high_output});
    regime.tcr ^= 1U << 7 | 1U << 23; // EPD1 alone
    EXPECT_EQ(at(low_page), GuestAddr{low_output});
    EXPECT_EQ(at(high_page), std::nullopt);
}

TEST_F(Translate, RefusesDescriptorsThatAreNone)
{
    low.entry(low_page, 3) &= ~GuestTables::accessed;
    EXPECT_EQ(at(low_page), std::nullopt) << "without access flag";
    low.entry(low_page, 3) |= GuestTables::accessed;
    low.entry(low_page, 3) &= ~GuestTables::table_or_page;
    EXPECT_EQ(at(low_page), std::nullopt) << "a block at level 3";
    low.entry(low_page, 3) |= GuestTables::table_or_page;
    EXPECT_EQ(at(low_page), GuestAddr{low_output});
    low.entry(low_page, 3) &= ~GuestTables::valid;
    EXPECT_EQ(at(low_page), std::nullopt) << "not valid";
    low.entry(low_page, 2) &= ~GuestTables::valid;
    EXPECT_EQ(at(low_page), std::nullopt) << "no valid table";
}

TEST_F(Translate, RefusesTablesOutsideRam)
{
    regime.ttbr0 = 0x8000'0000;
    EXPECT_EQ(at(low_page), std::nullopt);
    regime.ttbr0 = low.root();
    low.entry(0x20'0000'0000, 1) = 0x8000'0000 | GuestTables::table_or_page | GuestTables::valid;
    EXPECT_EQ(at(0x20'0000'0000), std::nullopt);
}

TEST_F(Translate, RefusesOutputsBeyondTheSizeOfAddresses)
{
    constexpr std::uint64_t far = 0x4000'0000'0000;
    low.map(0x1000, 0xff'ffff'f000, 3);
    low.map(0x2000, 0x100'0000'0000, 3);
    low.map(0x8000'0000, far, 1);
    EXPECT_EQ(at(0x1000), GuestAddr{0xff'ffff'f000});
    EXPECT_EQ(at(0x2000), std::nullopt);
    EXPECT_EQ(at(0x8000'0000), std::nullopt);

    regime.tcr &= ~ips_40; // 32 bits
    EXPECT_EQ(at(0x1000), std::nullopt);
    EXPECT_EQ(at(low_page), GuestAddr{low_output});

    regime.tcr |= std::uint64_t{5} << 32; // 48 bits, of a CPU that has 40
    EXPECT_EQ(at(0x2000), std::nullopt);
    regime.physical_bits = 48;
    EXPECT_EQ(at(0x2000), GuestAddr{0x100'0000'0000});

    regime.tcr = tcr(granule_4k, 25, 25);
    regime.ttbr0 |= std::uint64_t{1} << 40;
    EXPECT_EQ(at(low_page), std::nullopt) << "a table there";
}

TEST_F(Translate, RefusesWhatTheArchitectureLeavesToTheCpu)
{
    const std::uint64_t good = regime.tcr;
    regime.tcr = good | 3U << 14; // TG0, reserved
    EXPECT_EQ(at(low_page), std::nullopt);
    regime.tcr = good & ~(std::uint64_t{3} << 30); // TG1, reserved
    EXPECT_EQ(at(high_page), std::nullopt);
    regime.tcr = good;
    regime.sctlr |= 1U << 25; // EE
    EXPECT_EQ(at(low_page), std::nullopt);
}

TEST(TranslateSize, IsFrom25To48Bits)
{
    // A table whose first descriptor is itself: from whatever level on, address 0 is there.
    FakeRam ram;
    ram.words[table_base] =
        table_base | GuestTables::accessed | GuestTables::table_or_page | GuestTables::valid;
    for (const Granule* granule : {&granule_4k, &granule_16k, &granule_64k})
        for (unsigned size = 0; size < 64; ++size)
        {
            const Regime regime{mmu_on, tcr(*granule, size, size), table_base, 0};
            EXPECT_EQ(translate(regime, {0}, ram).has_value(), size >= 16 && size <= 39)
                << granule->bits << " bits, size " << size;
        }
}

TEST(TranslateRoot, IsNoLargerThanItMustBe)
{
    // 34 bits with 4 KiB: 16 descriptors of level 1, at any multiple of 128.
    constexpr unsigned size = 30;
    constexpr std::uint64_t root = table_base + 0x480;
    FakeRam ram;
    ram.words[root + 15 * 8] = 0x4000'0000 | GuestTables::accessed | GuestTables::valid;
    ram.words[table_base + 15 * 8] = 0; // where it would be in a table of a page
    const Regime regime{mmu_on, tcr(granule_4k, size, size), root, 0};
    EXPECT_EQ(translate(regime, {0x3'c000'1234}, ram), GuestAddr{0x4000'1234});
}

TEST(TranslateBlocks, AreOfSomeLevelsOnly)
{
    for (const Granule* granule : {&granule_4k, &granule_16k, &granule_64k})
    {
        constexpr unsigned size = 16;
        for (unsigned level = granule->start_level(size); level < 3; ++level)
        {
            FakeRam ram;
            GuestTables tables{ram, *granule, size, table_base};
            tables.map(0, 0, level);
            const Regime regime{mmu_on, tcr(*granule, size, size), tables.root(), 0};
            const bool found = translate(regime, {0x1234}, ram) == GuestAddr{0x1234};
            EXPECT_EQ(found, level >= granule->first_block_level)
                << granule->bits << " bits, level " << level;
        }
    }
}

// ---- any -------------------------------------------------------------------------------------

struct Mapping
{
    std::uint64_t base;
    std::uint64_t size;
    std::uint64_t output;
};

std::optional<GuestAddr> look_up(const std::vector<Mapping>& mappings, std::uint64_t at)
{
    for (const Mapping& mapping : mappings)
        if (at >= mapping.base && at - mapping.base < mapping.size)
            return GuestAddr{mapping.output + (at - mapping.base)};
    return std::nullopt;
}

/// Random mappings of one half with one granule, and addresses in, beside and far from them.
void walk_at_random(const Granule& granule, unsigned size, bool upper, std::mt19937_64& random)
{
    FakeRam ram;
    GuestTables tables{ram, granule, size, table_base};
    const std::uint64_t inside = (std::uint64_t{1} << (64 - size)) - 1;
    const std::uint64_t half = upper ? ~inside : 0;
    std::vector<Mapping> mappings;
    const auto overlaps = [&](std::uint64_t base, std::uint64_t last)
    {
        return std::ranges::any_of(
            mappings, [&](const Mapping& other)
            { return base <= other.base + (other.size - 1) && other.base <= last; });
    };
    for (unsigned number = 0; number < 12; ++number)
    {
        const unsigned first = std::max(granule.start_level(size), granule.first_block_level);
        const auto level = first + static_cast<unsigned>(random() % (4 - first));
        const std::uint64_t bytes = std::uint64_t{1} << granule.shift.at(level);
        // Near an earlier one as often as anywhere, so that they share tables.
        const std::uint64_t near = mappings.empty() || random() % 2 == 0
                                       ? random()
                                       : mappings.back().base + random() % (4 * bytes);
        const std::uint64_t base = half | (near & inside & ~(bytes - 1));
        if (overlaps(base, base + (bytes - 1)))
            continue;
        const std::uint64_t output = random() & ((std::uint64_t{1} << 40) - 1) & ~(bytes - 1);
        tables.map(base, output, level);
        mappings.push_back({base, bytes, output});
    }

    Regime regime{mmu_on, tcr(granule, size, size), tables.root(), tables.root()};
    (upper ? regime.ttbr0 : regime.ttbr1) = 0x7fff'0000; // outside RAM
    for (unsigned number = 0; number < 200; ++number)
    {
        const Mapping& some = mappings[random() % mappings.size()];
        const std::uint64_t candidates[] = {random(),
                                            half | (random() & inside),
                                            some.base,
                                            some.base + (some.size - 1),
                                            some.base + some.size,
                                            some.base - 1,
                                            some.base + random() % some.size};
        const std::uint64_t at = candidates[random() % std::size(candidates)];
        ram.reads = 0;
        ASSERT_EQ(translate(regime, {at}, ram), look_up(mappings, at))
            << std::hex << at << ", granule of " << std::dec << granule.bits << " bits, size "
            << size;
        ASSERT_LE(ram.reads, 4U);
    }
}

TEST(TranslateAny, IsWhatTheTablesWereBuiltOf)
{
    std::mt19937_64 random{3};
    for (const Granule* granule : {&granule_4k, &granule_16k, &granule_64k})
        for (unsigned size = 16; size <= 39; ++size)
            for (const bool upper : {false, true})
                walk_at_random(*granule, size, upper, random);
}

TEST(TranslateAny, HasAnAnswerForEveryRegimeAndTable)
{
    // Memory in which every word leads on, by an address that says nothing.
    struct Noise : PhysicalMemory
    {
        std::optional<std::uint64_t> word(GuestAddr at) const noexcept override
        {
            ++reads;
            return (std::mt19937_64{at.value}() & 0xff'ffff'ffff) | GuestTables::accessed |
                   GuestTables::table_or_page | GuestTables::valid;
        }
        mutable unsigned reads = 0;
    };
    std::mt19937_64 random{4};
    std::array<unsigned, 5> walks_of{};
    unsigned answers = 0;
    for (unsigned number = 0; number < 20'000; ++number)
    {
        const Noise noise;
        const Regime regime{random(), random(), random(), random() & 0xff'ffff'ffff,
                            static_cast<std::uint8_t>(32 + random() % 17)};
        // One of the upper half's, which a random address seldom is.
        const auto found = translate(regime, {random() | 0xffff'ff80'0000'0000}, noise);
        ASSERT_LE(noise.reads, 4U);
        ++walks_of.at(noise.reads);
        if (!found)
            continue;
        ++answers;
        ASSERT_LT(found->value, std::uint64_t{1} << regime.physical_bits);
    }
    EXPECT_GT(answers, 100U);
    EXPECT_THAT(walks_of, testing::Each(testing::Gt(0U)));
}

// ---- fetch -----------------------------------------------------------------------------------

TEST_F(Translate, FetchesTheWordAtThePc)
{
    ram.words[low_output + 8] = 0xd65f'03c0'b800'4402;
    EXPECT_EQ(fetch(regime, {low_page + 8}, ram), 0xb800'4402U);
    EXPECT_EQ(fetch(regime, {low_page + 12}, ram), 0xd65f'03c0U);
    EXPECT_EQ(fetch(regime, {low_page + 10}, ram), std::nullopt) << "not aligned";
    EXPECT_EQ(fetch(regime, {low_page + 16}, ram), std::nullopt) << "not in RAM";
    EXPECT_EQ(fetch(regime, {low_page + 0x1000}, ram), std::nullopt) << "not mapped";
    regime.sctlr = 0;
    EXPECT_EQ(fetch(regime, {low_output + 8}, ram), 0xb800'4402U);
}

} // namespace
} // namespace aliasvm::a64
