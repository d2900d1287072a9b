// SPDX-License-Identifier: Apache-2.0
// handle_exit: each way out of KVM_RUN, and what becomes of it.
#include "vmm/machine/exit.hpp"

#include "tests/unit/machine/space_bench.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <variant>

#include <gtest/gtest.h>

namespace
{

using namespace aliasvm;
using machine::EndCause;

struct Constant final : devices::MmioDevice
{
    std::uint64_t read(std::uint64_t, std::uint8_t) noexcept override { return 0x1122334455667788; }
    void write(std::uint64_t, std::uint8_t, std::uint64_t value) noexcept override { last = value; }
    std::uint64_t last{};
};

class AnExit : public testing::Test
{
protected:
    AnExit()
    {
        bus.add({{0xff00'0000}, 0x1000}, "uart0", device);
        model->registers.pc = 0x1000;
    }

    machine::Exited exited() { return {{0}, cpu, around.space, notices}; }

    /// None if the guest goes on.
    std::optional<machine::End> handle(const kvm::VcpuExit& exit)
    {
        const machine::Next next = handle_exit(exit, exited());
        if (const auto* const end = std::get_if<machine::End>(&next))
            return *end;
        EXPECT_TRUE(std::holds_alternative<machine::GoOn>(next));
        return std::nullopt;
    }

    std::uint64_t read(std::uint64_t at, std::uint8_t width)
    {
        std::array<std::byte, 8> answer{};
        answer.fill(std::byte{0xee});
        EXPECT_FALSE(handle(kvm::MmioRead{{at}, width, answer.data()}));
        std::uint64_t value = 0;
        std::memcpy(&value, answer.data(), sizeof value);
        return value;
    }

    tests::SpaceBench around;
    machine::MmioBus& bus = around.bus;
    machine::Notices& notices = around.notices;
    std::shared_ptr<fakes::VcpuModel> model = std::make_shared<fakes::VcpuModel>();
    fakes::FakeVcpu cpu{model};
    Constant device;
};

TEST_F(AnExit, ForAReadIsAnsweredByTheDevice)
{
    EXPECT_EQ(read(0xff00'0000, 4), 0x1122334455667788U);
    EXPECT_FALSE(notices.unmapped());
}

TEST_F(AnExit, ForAReadWhereNothingIsAnswersZero)
{
    EXPECT_EQ(read(0x8000'0000, 8), 0U);
}

TEST_F(AnExit, ForAWriteReachesTheDevice)
{
    EXPECT_FALSE(handle(kvm::MmioWrite{{0xff00'0004}, 4, 77}));
    EXPECT_EQ(device.last, 77U);
}

TEST_F(AnExit, WhereNothingIsIsToldOnceWithThePlaceInTheProgram)
{
    EXPECT_EQ(read(0x8000'0000, 4), 0U);
    EXPECT_FALSE(handle(kvm::MmioWrite{{0x9000'0000}, 8, 0}));
    const auto told = notices.unmapped();
    ASSERT_TRUE(told);
    EXPECT_EQ(told->at, GuestAddr{0x8000'0000});
    EXPECT_EQ(told->pc, 0x1000U);
    EXPECT_FALSE(told->write);
    EXPECT_EQ(model->asked_for_pc(), 1U) << "a million such accesses must not cost an ioctl each";
    EXPECT_EQ(bus.unmapped_reads() + bus.unmapped_writes(), 2U);
}

TEST_F(AnExit, ThatCannotBePerformedGivesTheGuestAnAbortAndIsToldOnce)
{
    around.poke(0x1000, 0x1400'0000U); // b .
    for (int n = 0; n < 3; ++n)
        EXPECT_FALSE(handle(kvm::UndescribedAccess{{0x8000'0000}, true}));
    EXPECT_EQ(model->aborts(), 3U);
    EXPECT_EQ(model->registers.pc, 0x1000U);
    EXPECT_EQ(notices.counts().refused_accesses(), 3U);
    const auto told = notices.refused();
    ASSERT_TRUE(told);
    EXPECT_EQ(told->at, GuestAddr{0x8000'0000});
    EXPECT_TRUE(told->write);
    EXPECT_EQ(told->pc, 0x1000U);
    EXPECT_EQ(told->word, 0x1400'0000U);
    EXPECT_EQ(model->asked_for_pc(), 1U);
}

TEST_F(AnExit, ThatCannotBePerformedEndsTheMachineWhereTheHostCannotAbort)
{
    model->can_inject = false;
    const auto end = handle(kvm::UndescribedAccess{{0x8000'0000}, false});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->cause, EndCause::failure);
    EXPECT_EQ(end->pc, 0x1000U);
}

TEST_F(AnExit, EndsTheMachineIfKvmRefusesARegister)
{
    model->registers.refuses = true;
    const auto end = handle(kvm::UndescribedAccess{{0x8000'0000}, false});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->cause, EndCause::failure);
}

TEST_F(AnExit, ForASystemEventEndsTheMachineWithItsCause)
{
    EXPECT_EQ(handle(kvm::SystemEvent::power_off)->cause, EndCause::power_off);
    EXPECT_EQ(handle(kvm::SystemEvent::reset)->cause, EndCause::reset);
    EXPECT_EQ(handle(kvm::SystemEvent::crash)->cause, EndCause::crash);
}

TEST_F(AnExit, ForAFailureKeepsWhatKvmSaid)
{
    const auto end = handle(kvm::Failure{"it broke", 42});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->cause, EndCause::failure);
    EXPECT_STREQ(end->reason, "it broke");
    EXPECT_EQ(end->detail, 42U);
    EXPECT_EQ(end->pc, 0x1000U);
}

TEST_F(AnExit, ForAKickGoesOn)
{
    EXPECT_FALSE(handle(kvm::Interrupted{}));
}

} // namespace
