// SPDX-License-Identifier: Apache-2.0
// Instructions that are performed in the CPU's place: whom they reach, and when they are refused.
#include "vmm/machine/undescribed.hpp"

#include "tests/unit/machine/space_bench.hpp"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace
{

using namespace aliasvm;
using machine::Others;

// clang-format off
constexpr std::uint32_t str_w2_x0_post_4 = 0xb800'4402; // str  w2, [x0], #4
constexpr std::uint32_t ldr_w2_x0_pre_4  = 0xb840'4c02; // ldr  w2, [x0, #4]!
constexpr std::uint32_t stp_x2_x3_x0     = 0xa900'0c02; // stp  x2, x3, [x0]
constexpr std::uint32_t ldp_w2_w3_x0     = 0x2940'0c02; // ldp  w2, w3, [x0]
constexpr std::uint32_t str_q2_x0        = 0x3d80'0002; // str  q2, [x0]
constexpr std::uint32_t strb_w2_x0_post1 = 0x3800'1402; // strb w2, [x0], #1
constexpr std::uint32_t dc_zva_x0        = 0xd50b'7420; // dc   zva, x0
constexpr std::uint32_t branch_to_itself = 0x1400'0000; // b    .
// clang-format on

constexpr std::uint64_t uart = 0xff00'0000;
constexpr std::uint64_t gicd = 0xf901'0000;
constexpr std::uint64_t empty_alias = 0xff01'0000;

/// Remembers what was done to it, and reads as its offset.
struct Recorder final : devices::MmioDevice
{
    struct Write
    {
        std::uint64_t offset;
        std::uint8_t width;
        std::uint64_t value;
        friend bool operator==(const Write&, const Write&) = default;
    };
    std::uint64_t read(std::uint64_t offset, std::uint8_t) noexcept override { return offset; }
    void write(std::uint64_t offset, std::uint8_t width, std::uint64_t value) noexcept override
    {
        writes.push_back({offset, width, value});
    }
    std::vector<Write> writes;
};

class AnInstruction : public testing::Test
{
protected:
    static constexpr std::uint64_t start = 0x1000;

    AnInstruction()
    {
        around.bus.add({{uart}, 0x1000}, "uart0", device);
        around.space.add_device_slots({{empty_alias}, 0x1000});
        cpu.pc = start;
        cpu.x[2] = 0x1122'3344'5566'7788;
        cpu.x[3] = 0x99aa'bbcc'ddee'ff00;
    }

    std::optional<machine::NotPerformed> perform(std::uint32_t word, std::uint64_t at, bool write,
                                                 Others others = Others::may_run)
    {
        around.poke(start, word);
        return machine::perform_undescribed({{at}, write},
                                            {{0}, vcpu, around.space, around.notices}, others);
    }

    void is_refused(std::uint32_t word, std::uint64_t at, bool write)
    {
        const fakes::FakeRegisters before = cpu;
        const auto refused = perform(word, at, write);
        ASSERT_TRUE(refused);
        EXPECT_FALSE(refused->needs_stillness);
        EXPECT_EQ(cpu.x, before.x);
        EXPECT_EQ(cpu.pc, start);
        EXPECT_TRUE(device.writes.empty());
    }

    tests::SpaceBench around;
    Recorder device;
    std::shared_ptr<fakes::VcpuModel> model = std::make_shared<fakes::VcpuModel>();
    fakes::FakeVcpu vcpu{model};
    fakes::FakeRegisters& cpu = model->registers;
};

TEST_F(AnInstruction, StoresToADeviceAndGoesOn)
{
    cpu.x[0] = uart + 0x30;
    EXPECT_FALSE(perform(str_w2_x0_post_4, uart + 0x30, true));
    EXPECT_EQ(device.writes, (std::vector<Recorder::Write>{{0x30, 4, 0x5566'7788}}));
    EXPECT_EQ(cpu.x[0], uart + 0x34);
    EXPECT_EQ(cpu.pc, start + 4);
}

TEST_F(AnInstruction, LoadsFromADevice)
{
    cpu.x[0] = uart;
    EXPECT_FALSE(perform(ldr_w2_x0_pre_4, uart + 4, false));
    EXPECT_EQ(cpu.x[2], 4U);
    EXPECT_EQ(cpu.x[0], uart + 4);
}

TEST_F(AnInstruction, OfSeveralElementsMakesThemOneByOne)
{
    cpu.x[0] = uart + 8;
    EXPECT_FALSE(perform(stp_x2_x3_x0, uart + 8, true));
    cpu.pc = start;
    cpu.v[2] = {1, 2};
    cpu.x[0] = uart + 16; // or it would not be aligned
    EXPECT_FALSE(perform(str_q2_x0, uart + 16, true));
    EXPECT_EQ(device.writes, (std::vector<Recorder::Write>{{8, 8, 0x1122'3344'5566'7788},
                                                           {16, 8, 0x99aa'bbcc'ddee'ff00},
                                                           {16, 8, 1},
                                                           {24, 8, 2}}));
    cpu.pc = start;
    cpu.x[0] = uart + 8;
    EXPECT_FALSE(perform(ldp_w2_w3_x0, uart + 12, false)) << "KVM may name any of its bytes";
    EXPECT_EQ(cpu.x[2], 8U);
    EXPECT_EQ(cpu.x[3], 12U);
}

TEST_F(AnInstruction, WhereNobodyIsReadsZeroAndIsTold)
{
    cpu.x[0] = 0x9000'0000;
    EXPECT_FALSE(perform(ldp_w2_w3_x0, 0x9000'0000, false));
    EXPECT_EQ(cpu.x[2], 0U);
    EXPECT_EQ(cpu.x[3], 0U);
    EXPECT_EQ(around.bus.unmapped_reads(), 2U);
    ASSERT_TRUE(around.notices.unmapped());
    EXPECT_EQ(around.notices.unmapped()->pc, start);
}

TEST_F(AnInstruction, AtAnAliasWithNothingBehindItVanishes)
{
    cpu.x[0] = empty_alias;
    EXPECT_FALSE(perform(str_w2_x0_post_4, empty_alias, true));
    EXPECT_EQ(around.bus.unmapped_writes(), 1U);
    EXPECT_EQ(cpu.pc, start + 4);
}

TEST_F(AnInstruction, AtTheDistributorWaitsUntilTheOthersAreStill)
{
    cpu.x[0] = gicd + 0x400;
    cpu.x[2] = 0xa0a0'a0a0;
    const auto not_yet = perform(str_w2_x0_post_4, gicd + 0x400, true);
    ASSERT_TRUE(not_yet);
    EXPECT_TRUE(not_yet->needs_stillness);
    EXPECT_EQ(cpu.pc, start);
    EXPECT_TRUE(around.system.vm().distributor.empty());

    EXPECT_FALSE(perform(str_w2_x0_post_4, gicd + 0x400, true, Others::still));
    EXPECT_EQ((around.system.vm().distributor[{{0}, {0x400}}]), 0xa0a0'a0a0U);
    EXPECT_EQ(cpu.x[0], gicd + 0x404);

    cpu.pc = start;
    EXPECT_FALSE(perform(strb_w2_x0_post1, gicd + 0x404, true, Others::still));
    EXPECT_EQ((around.system.vm().distributor[{{0}, {0x404}}]), 0xa0U);
}

TEST_F(AnInstruction, MayBeginInMemoryAndEndAtADevice)
{
    // The last 8 bytes of RAM, and 8 where nobody is.
    cpu.x[0] = tests::SpaceBench::ram_size - 8;
    EXPECT_FALSE(perform(stp_x2_x3_x0, tests::SpaceBench::ram_size, true));
    EXPECT_EQ(around.peek<std::uint64_t>(tests::SpaceBench::ram_size - 8), cpu.x[2]);
    EXPECT_EQ(around.bus.unmapped_writes(), 1U);
}

TEST_F(AnInstruction, IsRefusedIfItReachesIntoADevicesMemorySlotBeside)
{
    cpu.x[0] = empty_alias - 8;
    is_refused(stp_x2_x3_x0, empty_alias - 8, true);
    cpu.x[0] = empty_alias + 0xff8;
    EXPECT_FALSE(perform(stp_x2_x3_x0, empty_alias + 0xff8, true)) << "it is where KVM says";
}

TEST_F(AnInstruction, IsRefusedIfItIsNotTheOneThatKvmReports)
{
    cpu.x[0] = uart;
    is_refused(branch_to_itself, uart, true);     // no load or store
    is_refused(str_w2_x0_post_4, uart, false);    // a store, and KVM says load
    is_refused(ldp_w2_w3_x0, uart, true);         // the other way round
    is_refused(str_w2_x0_post_4, uart + 4, true); // another address
    is_refused(dc_zva_x0, uart + 64, true);       // the next block
    cpu.x[0] = uart + 2;
    is_refused(str_w2_x0_post_4, uart + 2, true); // not aligned
    cpu.x[0] = 0xffff'ffff'ffff'fff8;
    is_refused(stp_x2_x3_x0, 0, true); // it wraps
}

TEST_F(AnInstruction, IsRefusedIfItCannotBeRead)
{
    cpu.x[0] = uart;
    for (const std::uint64_t pc : {std::uint64_t{0x9000'0000}, uart, start + 2, ~std::uint64_t{3}})
    {
        cpu.pc = pc;
        const auto refused = perform(str_w2_x0_post_4, uart, true);
        ASSERT_TRUE(refused);
        EXPECT_FALSE(refused->word);
    }
    EXPECT_TRUE(device.writes.empty());
}

TEST_F(AnInstruction, IsRefusedInA32AndInBigEndian)
{
    cpu.x[0] = uart;
    cpu.state.pstate = 0x10;
    is_refused(str_w2_x0_post_4, uart, true);
    cpu.state.pstate = 0x3c5;
    cpu.state.regime.sctlr = 1U << 25; // EE
    is_refused(str_w2_x0_post_4, uart, true);
}

TEST_F(AnInstruction, IsFoundByTheGuestsOwnTables)
{
    // 4 KiB granule, 30 bits of address: a table of level 2 at 0x4000, of level 3 at 0x5000.
    constexpr std::uint64_t page = 0x403; // AF, page or table
    around.poke(0x4000, std::uint64_t{0x5000} | 3);
    around.poke(0x5000 + 8 * 7, std::uint64_t{0x2000} | page); // code at 0x7000
    around.poke(0x5000 + 8 * 8, std::uint64_t{uart} | page);   // device at 0x8000
    around.poke(0x5000 + 8 * 9, std::uint64_t{empty_alias} | page);
    cpu.state.regime = {.sctlr = 1, .tcr = 34, .ttbr0 = 0x4000, .ttbr1 = 0};
    around.poke(0x2010, stp_x2_x3_x0);
    cpu.pc = 0x7010;
    cpu.x[0] = 0x8ff8; // 8 bytes at the device, and 8 in the page after it: another place
    const machine::Exited exited{{0}, vcpu, around.space, around.notices};
    EXPECT_FALSE(machine::perform_undescribed({{empty_alias}, true}, exited, Others::may_run));
    EXPECT_EQ(device.writes, (std::vector<Recorder::Write>{{0xff8, 8, cpu.x[2]}}));
    EXPECT_EQ(around.bus.unmapped_writes(), 1U);
    EXPECT_EQ(cpu.pc, 0x7014U);

    cpu.pc = 0x7010;
    around.poke(0x5000 + 8 * 9, std::uint64_t{0}); // gone meanwhile
    EXPECT_TRUE(machine::perform_undescribed({{empty_alias}, true}, exited, Others::may_run));
}

} // namespace
