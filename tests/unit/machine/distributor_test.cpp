// SPDX-License-Identifier: Apache-2.0
// The distributor's registers by accesses of every width.
#include "vmm/machine/distributor.hpp"

#include "tests/unit/machine/space_bench.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace aliasvm;

class ADistributor : public testing::Test
{
protected:
    std::uint64_t load(std::uint32_t offset, std::uint8_t width)
    {
        return machine::load(*around.vgic, cpu, {offset, width});
    }
    void store(std::uint32_t offset, std::uint8_t width, std::uint64_t value)
    {
        machine::store(*around.vgic, cpu, {offset, width}, value);
    }
    std::uint32_t& word(std::uint32_t offset)
    {
        return around.system.vm().distributor[{cpu, {offset}}];
    }

    tests::SpaceBench around;
    kvm::VcpuIndex cpu{1};
};

TEST_F(ADistributor, TakesWordsEverywhere)
{
    store(0x100, 4, 0xffff'ffff'1234'5678);
    EXPECT_EQ(word(0x100), 0x1234'5678U);
    EXPECT_EQ(load(0x100, 4), 0x1234'5678U);
    EXPECT_EQ(around.system.vm().distributor.contains({{0}, {0x100}}), false) << "another's view";
}

TEST_F(ADistributor, TakesEightBytesAsTwoWords)
{
    store(0x400, 8, 0x1122'3344'5566'7788);
    EXPECT_EQ(word(0x400), 0x5566'7788U);
    EXPECT_EQ(word(0x404), 0x1122'3344U);
    EXPECT_EQ(load(0x400, 8), 0x1122'3344'5566'7788U);
}

TEST_F(ADistributor, TakesBytesWhereEachInterruptHasOne)
{
    word(0x7fc) = 0x1122'3344;
    store(0x7fd, 1, 0xab);
    EXPECT_EQ(word(0x7fc), 0x1122'ab44U);
    store(0x7fe, 2, 0xcdef);
    EXPECT_EQ(word(0x7fc), 0xcdef'ab44U);
    EXPECT_EQ(load(0x7ff, 1), 0xcdU);
    EXPECT_EQ(load(0x7fc, 2), 0xab44U);
    store(0x800, 1, 1);
    EXPECT_EQ(word(0x800), 1U);
}

TEST_F(ADistributor, ChangesOnlyTheBytesThatAreWrittenOfPendingSgis)
{
    word(0xf10) = 0x0101'0101; // what a read gives
    store(0xf11, 1, 0x02);
    EXPECT_EQ(word(0xf10), 0x0200U) << "the others are written as zeros, which do nothing";
    word(0xf2c) = 0x0400'0000;
    EXPECT_EQ(load(0xf2f, 1), 4U);
}

TEST_F(ADistributor, TakesNothingSmallerElsewhere)
{
    word(0x100) = 0xffff'ffff;
    store(0x180, 1, 1);
    store(0xc02, 2, 1);
    EXPECT_EQ(word(0x180), 0U);
    EXPECT_EQ(word(0xc00), 0U);
    EXPECT_EQ(load(0x100, 1), 0U);
    EXPECT_EQ(load(0x100, 2), 0U);
}

} // namespace
