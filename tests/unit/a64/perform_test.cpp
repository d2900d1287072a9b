// SPDX-License-Identifier: Apache-2.0
// What accesses do to registers and memory, each instruction by its word.
#include "common/a64/perform.hpp"

#include "common/a64/decode.hpp"
#include "tests/unit/a64/fake_guest.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::a64
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;
using Touch = FakeMemory::Touch;

constexpr std::uint64_t here = 0xff00'0000;
constexpr std::uint64_t noise = 0xa5a5'5a5a'c3c3'3c3c;

/// A guest whose X0 is `here`, whose memory there counts up from 0x81, and whose other registers
/// hold noise.
class Perform : public testing::Test
{
protected:
    Perform()
    {
        guest.x.fill(noise);
        guest.v.fill({noise, ~noise});
        guest.x[0] = here;
        guest.sp = here + 0x100;
        guest.pc = 0x8'0000;
        for (unsigned byte = 0; byte < 0x200; ++byte)
            memory.bytes[here + byte] = static_cast<std::uint8_t>(0x81 + byte);
    }

    void run(std::uint32_t word)
    {
        const std::optional<Access> access = decode(word);
        ASSERT_TRUE(access) << std::hex << word;
        const std::uint64_t pc = guest.pc;
        perform(*access, guest, memory);
        EXPECT_EQ(guest.pc, pc + 4);
    }

    std::uint64_t stored(std::uint64_t at, std::uint8_t width)
    {
        FakeMemory copy = memory;
        return copy.read({at}, width);
    }

    FakeRegisters guest;
    FakeMemory memory;
};

Touch reads(std::uint64_t at, std::uint8_t width)
{
    return {false, {at}, width};
}
Touch writes(std::uint64_t at, std::uint8_t width)
{
    return {true, {at}, width};
}

// ---- general registers -----------------------------------------------------------------------

TEST_F(Perform, ExtendsWhatIsLoaded)
{
    struct Row
    {
        const char* line;
        std::uint32_t word;
        std::uint64_t expected;
    };
    const Row rows[] = {
        {"ldrb w2, [x0]", 0x39400002, 0x81},
        {"ldrsb w2, [x0]", 0x39c00002, 0xffff'ff81},
        {"ldrsb x2, [x0]", 0x39800002, 0xffff'ffff'ffff'ff81},
        {"ldrh w2, [x0]", 0x79400002, 0x8281},
        {"ldrsh w2, [x0]", 0x79c00002, 0xffff'8281},
        {"ldrsh x2, [x0]", 0x79800002, 0xffff'ffff'ffff'8281},
        {"ldr w2, [x0]", 0xb9400002, 0x8483'8281},
        {"ldrsw x2, [x0]", 0xb9800002, 0xffff'ffff'8483'8281},
        {"ldr x2, [x0]", 0xf9400002, 0x8887'8685'8483'8281},
    };
    for (const Row& row : rows)
    {
        SCOPED_TRACE(row.line);
        guest.x[2] = noise;
        run(row.word);
        EXPECT_EQ(guest.x[2], row.expected);
    }
    // A sign of zero: the byte at 0x80 is 0x01.
    guest.x[0] = here + 0x80;
    run(0x39800002); // ldrsb x2, [x0]
    EXPECT_EQ(guest.x[2], 1U);
}

TEST_F(Perform, StoresTheLowBytes)
{
    guest.x[2] = 0x0123'4567'89ab'cdef;
    run(0x39000002); // strb w2, [x0]
    EXPECT_EQ(stored(here, 8), 0x8887'8685'8483'82efU);
    run(0x79000002); // strh w2, [x0]
    EXPECT_EQ(stored(here, 8), 0x8887'8685'8483'cdefU);
    run(0xb9000002); // str w2, [x0]
    EXPECT_EQ(stored(here, 8), 0x8887'8685'89ab'cdefU);
    run(0xf9000002); // str x2, [x0]
    EXPECT_EQ(stored(here, 8), 0x0123'4567'89ab'cdefU);
    EXPECT_THAT(memory.touches,
                ElementsAre(writes(here, 1), writes(here, 2), writes(here, 4), writes(here, 8)));
}

TEST_F(Perform, TakesTheZeroRegisterForZeroAndLosesWhatItGets)
{
    run(0xf900001f); // str xzr, [x0]
    EXPECT_EQ(stored(here, 8), 0U);
    const auto before = guest.x;
    run(0xb940001f); // ldr wzr, [x0]
    EXPECT_EQ(guest.x, before);
    EXPECT_EQ(guest.sp, here + 0x100);
    EXPECT_THAT(memory.touches, ElementsAre(writes(here, 8), reads(here, 4)));
}

TEST_F(Perform, MovesPairsInOrder)
{
    run(0x29400c02); // ldp w2, w3, [x0]
    EXPECT_EQ(guest.x[2], 0x8483'8281U);
    EXPECT_EQ(guest.x[3], 0x8887'8685U);
    run(0x69400c02); // ldpsw x2, x3, [x0]
    EXPECT_EQ(guest.x[2], 0xffff'ffff'8483'8281U);
    EXPECT_EQ(guest.x[3], 0xffff'ffff'8887'8685U);
    run(0xa93f0fe2); // stp x2, x3, [sp, #-16]
    EXPECT_EQ(stored(here + 0xf0, 8), 0xffff'ffff'8483'8281U);
    EXPECT_EQ(stored(here + 0xf8, 8), 0xffff'ffff'8887'8685U);
    EXPECT_THAT(memory.touches,
                ElementsAre(reads(here, 4), reads(here + 4, 4), reads(here, 4), reads(here + 4, 4),
                            writes(here + 0xf0, 8), writes(here + 0xf8, 8)));
}

TEST_F(Perform, LoadsAPairOverItsBase)
{
    run(0xa9400400); // ldp x0, x1, [x0]
    EXPECT_EQ(guest.x[0], 0x8887'8685'8483'8281U);
    EXPECT_EQ(guest.x[1], 0x908f'8e8d'8c8b'8a89U);
}

// ---- addresses -------------------------------------------------------------------------------

TEST_F(Perform, FindsTheAddressOfEachForm)
{
    struct Row
    {
        const char* line;
        std::uint32_t word;
        std::uint64_t x3;
        std::uint64_t expected;
    };
    constexpr std::uint64_t minus_two = 0xffff'ffff'ffff'fffe;
    const Row rows[] = {
        {"ldr w2, [x0, #16380]", 0xb97ffc02, 0, here + 16380},
        {"ldur w2, [x0, #-3]", 0xb85fd002, 0, here - 3},
        {"ldtr w2, [x0, #-3]", 0xb85fd802, 0, here - 3},
        {"ldr w2, [x0, x3]", 0xb8636802, minus_two, here - 2},
        {"ldr w2, [x0, x3, lsl #2]", 0xb8637802, minus_two, here - 8},
        {"ldr w2, [x0, w3, uxtw]", 0xb8634802, minus_two, here + 0xffff'fffe},
        {"ldr w2, [x0, w3, uxtw #2]", 0xb8635802, 0x9'c000'0000, here + 0x3'0000'0000},
        {"ldr w2, [x0, w3, sxtw]", 0xb863c802, 0x5'ffff'fffe, here - 2},
        {"ldr w2, [x0, w3, sxtw #2]", 0xb863d802, 0x5'ffff'fffe, here - 8},
        {"ldr w2, [x0, x3, sxtx #2]", 0xb863f802, minus_two, here - 8},
        {"ldr w2, [x0, xzr]", 0xb87f6802, 0, here},
        {"ldr q2, [x0, x3, lsl #4]", 0x3ce37802, 3, here + 48},
        {"ldrb w2, [x0, w3, sxtw #0]", 0x3863d802, minus_two, here - 2},
        {"ldr w2, [sp, #4]", 0xb94007e2, 0, here + 0x104},
        {"ldr w2, #-4", 0x18ffffe2, 0, 0x8'0000 - 4},
        {"ldr x2, #1048572", 0x587fffe2, 0, 0x8'0000 + 1048572},
        {"ldp x2, x3, [x0, #-512]", 0xa9600c02, 0, here - 512},
    };
    for (const Row& row : rows)
    {
        SCOPED_TRACE(row.line);
        guest.x[3] = row.x3;
        const std::optional<Access> access = decode(row.word);
        ASSERT_TRUE(access);
        EXPECT_EQ(footprint(*access, guest).base.value, row.expected);
        EXPECT_EQ(footprint(*access, guest).size, access->bytes());
    }
}

TEST_F(Perform, WrapsAddressesAt64Bits)
{
    guest.x[0] = 0xffff'ffff'ffff'fffc;
    const Access access = *decode(0xb9400802); // ldr w2, [x0, #8]
    EXPECT_EQ(footprint(access, guest), (VirtualRange{{4}, 4}));
    const Access over_the_end = *decode(0xa9400c02); // ldp x2, x3, [x0]
    EXPECT_FALSE(footprint(over_the_end, guest).valid());
}

TEST_F(Perform, WritesTheBaseBack)
{
    guest.x[2] = 0x1234;
    run(0xb8004402); // str w2, [x0], #4
    EXPECT_EQ(guest.x[0], here + 4);
    run(0xb81fcc02); // str w2, [x0, #-4]!
    EXPECT_EQ(guest.x[0], here);
    run(0xb8408c02); // ldr w2, [x0, #8]!
    EXPECT_EQ(guest.x[0], here + 8);
    EXPECT_EQ(guest.x[2], 0x8c8b'8a89U);
    run(0xa8c10fe2); // ldp x2, x3, [sp], #16
    EXPECT_EQ(guest.sp, here + 0x110);
    run(0xa9bf7fff); // stp xzr, xzr, [sp, #-16]!
    EXPECT_EQ(guest.sp, here + 0x100);
    guest.x[9] = 0x20;
    run(0x4cc97802); // ld1 { v2.4s }, [x0], x9
    EXPECT_EQ(guest.x[0], here + 0x28);
    EXPECT_THAT(memory.touches,
                ElementsAre(writes(here, 4), writes(here, 4), reads(here + 8, 4),
                            reads(here + 0x100, 8), reads(here + 0x108, 8), writes(here + 0x100, 8),
                            writes(here + 0x108, 8), reads(here + 8, 4), reads(here + 12, 4),
                            reads(here + 16, 4), reads(here + 20, 4)));
}

// ---- exclusive -------------------------------------------------------------------------------

TEST_F(Perform, TellsAnExclusiveStoreThatItStored)
{
    guest.x[2] = 0x0102'0304'0506'0708;
    run(0xc85f7c03); // ldxr x3, [x0]
    EXPECT_EQ(guest.x[3], 0x8887'8685'8483'8281U);
    run(0xc8017c02); // stxr w1, x2, [x0]
    EXPECT_EQ(guest.x[1], 0U);
    EXPECT_EQ(stored(here, 8), 0x0102'0304'0506'0708U);
    run(0x883f9402); // stlxp wzr, w2, w5, [x0]
    EXPECT_EQ(stored(here, 8), (noise << 32) | 0x0506'0708U);
}

// ---- SIMD&FP ---------------------------------------------------------------------------------

TEST_F(Perform, ZeroesTheRestOfAScalar)
{
    run(0x3d400001); // ldr b1, [x0]
    EXPECT_EQ(guest.v[1], (Quad{0x81, 0}));
    run(0xfd400001); // ldr d1, [x0]
    EXPECT_EQ(guest.v[1], (Quad{0x8887'8685'8483'8281, 0}));
    run(0x3dc00001); // ldr q1, [x0]
    EXPECT_EQ(guest.v[1], (Quad{0x8887'8685'8483'8281, 0x908f'8e8d'8c8b'8a89}));
    run(0x2d400801); // ldp s1, s2, [x0]
    EXPECT_EQ(guest.v[1], (Quad{0x8483'8281, 0}));
    EXPECT_EQ(guest.v[2], (Quad{0x8887'8685, 0}));
}

TEST_F(Perform, StoresSixteenBytesAsTwoHalvesLowFirst)
{
    guest.v[1] = {1, 2};
    guest.v[2] = {3, 4};
    run(0xad000801); // stp q1, q2, [x0]
    EXPECT_THAT(memory.touches, ElementsAre(writes(here, 8), writes(here + 8, 8),
                                            writes(here + 16, 8), writes(here + 24, 8)));
    for (unsigned half = 0; half < 4; ++half)
        EXPECT_EQ(stored(here + 8 * half, 8), half + 1);
    guest.v[1] = {0xaabb'ccdd, 9};
    run(0x7d000001); // str h1, [x0]
    EXPECT_EQ(stored(here, 8), 0xccddU);
}

TEST_F(Perform, FillsRegistersOneAfterTheOther)
{
    run(0x0cdfa01f); // ld1 { v31.8b, v0.8b }, [x0], #16
    EXPECT_EQ(guest.v[31], (Quad{0x8887'8685'8483'8281, 0}));
    EXPECT_EQ(guest.v[0], (Quad{0x908f'8e8d'8c8b'8a89, 0}));
    EXPECT_EQ(guest.x[0], here + 16);
    EXPECT_EQ(memory.touches.size(), 16U);
    run(0x4c407805); // ld1 { v5.4s }, [x0]
    EXPECT_EQ(guest.v[5], (Quad{0x9897'9695'9493'9291, 0xa09f'9e9d'9c9b'9a99}));
}

TEST_F(Perform, DealsStructuresToRegisters)
{
    run(0x4c404401); // ld3 { v1.8h, v2.8h, v3.8h }, [x0]
    EXPECT_EQ(guest.v[1], (Quad{0x9493'8e8d'8887'8281, 0xacab'a6a5'a09f'9a99}));
    EXPECT_EQ(guest.v[2], (Quad{0x9695'908f'8a89'8483, 0xaead'a8a7'a2a1'9c9b}));
    EXPECT_EQ(guest.v[3], (Quad{0x9897'9291'8c8b'8685, 0xb0af'aaa9'a4a3'9e9d}));
    run(0x0c408801); // ld2 { v1.2s, v2.2s }, [x0]
    EXPECT_EQ(guest.v[1], (Quad{0x8c8b'8a89'8483'8281, 0}));
    EXPECT_EQ(guest.v[2], (Quad{0x908f'8e8d'8887'8685, 0}));
}

TEST_F(Perform, KeepsTheOtherLanes)
{
    run(0x4d408401); // ld1 { v1.d }[1], [x0]
    EXPECT_EQ(guest.v[1], (Quad{noise, 0x8887'8685'8483'8281}));
    run(0x0d600c02); // ld2 { v2.b, v3.b }[3], [x0]
    EXPECT_EQ(guest.v[2], (Quad{(noise & ~std::uint64_t{0xff00'0000}) | 0x8100'0000, ~noise}));
    EXPECT_EQ(guest.v[3], (Quad{(noise & ~std::uint64_t{0xff00'0000}) | 0x8200'0000, ~noise}));
    run(0x4d005801); // st1 { v1.h }[7], [x0]
    EXPECT_EQ(stored(here, 4), 0x8483'8887U);
}

TEST_F(Perform, RepeatsAnElementInEveryLane)
{
    run(0x4d40c401); // ld1r { v1.8h }, [x0]
    EXPECT_EQ(guest.v[1], (Quad{0x8281'8281'8281'8281, 0x8281'8281'8281'8281}));
    run(0x0d60c01f); // ld2r { v31.8b, v0.8b }, [x0]
    EXPECT_EQ(guest.v[31], (Quad{0x8181'8181'8181'8181, 0}));
    EXPECT_EQ(guest.v[0], (Quad{0x8282'8282'8282'8282, 0}));
    EXPECT_THAT(memory.touches, ElementsAre(reads(here, 2), reads(here, 1), reads(here + 1, 1)));
}

// ---- neither ---------------------------------------------------------------------------------

TEST_F(Perform, ZeroesTheBlockAroundAnAddress)
{
    guest.x[3] = here + 0x7f;
    run(0xd50b7423); // dc zva, x3
    for (unsigned byte = 0; byte < 0x100; ++byte)
    {
        const bool inside = byte >= 0x40 && byte < 0x80;
        EXPECT_EQ(stored(here + byte, 1), inside ? 0 : (0x81 + byte) & 0xff) << byte;
    }
    EXPECT_EQ(memory.touches.size(), 8U);
}

TEST_F(Perform, DoesNothingForAPrefetchButStep)
{
    const FakeRegisters before = guest;
    run(0xf8a27800); // prfm pldl1keep, [x0, x2, lsl #3]
    EXPECT_THAT(memory.touches, IsEmpty());
    EXPECT_EQ(guest.x, before.x);
    EXPECT_EQ(guest.v, before.v);
}

// ---- any -------------------------------------------------------------------------------------

TEST(PerformAny, TouchesItsFootprintOnceAndInOrder)
{
    std::mt19937_64 random{12};
    unsigned accesses = 0;
    while (accesses < 20'000)
    {
        const auto word = (static_cast<std::uint32_t>(random()) | 1U << 27) & ~(1U << 25);
        const std::optional<Access> access = decode(word);
        if (!access)
            continue;
        ++accesses;
        FakeRegisters guest;
        for (std::uint64_t& value : guest.x)
            value = random();
        guest.sp = random();
        guest.pc = random();
        FakeMemory memory;
        const VirtualRange expected = footprint(*access, guest);
        perform(*access, guest, memory);
        VirtualAddr at = expected.base;
        for (const Touch& touch : memory.touches)
        {
            ASSERT_EQ(touch.at, at) << std::hex << word;
            ASSERT_EQ(touch.write, access->direction == Direction::store);
            ASSERT_EQ(touch.width, std::min<unsigned>(access->element_bytes, 8));
            at = at + touch.width;
        }
        ASSERT_EQ(at - expected.base, expected.size) << std::hex << word;
    }
}

TEST(PerformAny, StoresBackWhatItLoaded)
{
    // Those without post-index. Bit 22 is L, and 0 the same store.
    std::mt19937_64 random{21};
    unsigned structures = 0;
    while (structures < 2'000)
    {
        const auto word = (static_cast<std::uint32_t>(random()) & 0x4120'ffffU) | 0x0c40'0000U;
        const std::optional<Access> load = decode(word);
        const std::optional<Access> store = decode(word & ~(1U << 22));
        if (!load || !store)
            continue;
        ++structures;
        FakeRegisters guest;
        FakeMemory memory;
        const VirtualRange range = footprint(*load, guest);
        for (unsigned byte = 0; byte < range.size; ++byte)
            memory.bytes[range.base.value + byte] = static_cast<std::uint8_t>(random());
        const auto before = memory.bytes;
        perform(*load, guest, memory);
        memory.bytes.clear();
        perform(*store, guest, memory);
        ASSERT_EQ(memory.bytes, before) << std::hex << word;
    }
}

TEST(Understands, A64WithLittleEndianDataOfItsLevel)
{
    constexpr std::uint64_t el1h = 0x3c5;
    constexpr std::uint64_t el1t = 0x3c4;
    constexpr std::uint64_t el0 = 0;
    constexpr std::uint64_t a32_user = 0x10;
    constexpr std::uint64_t big_endian_el1 = 1U << 25;
    constexpr std::uint64_t big_endian_el0 = 1U << 24;
    EXPECT_TRUE(understands(el1h, 0x30d0'0801));
    EXPECT_TRUE(understands(el1t, big_endian_el0));
    EXPECT_TRUE(understands(el0, big_endian_el1));
    EXPECT_FALSE(understands(el1h, big_endian_el1));
    EXPECT_FALSE(understands(el1t, big_endian_el1));
    EXPECT_FALSE(understands(el0, big_endian_el0));
    EXPECT_FALSE(understands(a32_user, 0));
}

} // namespace
} // namespace aliasvm::a64
