// SPDX-License-Identifier: Apache-2.0
// handle_exit: each way out of KVM_RUN, and what becomes of it.
#include "vmm/machine/exit.hpp"

#include <array>
#include <cstring>

#include <gtest/gtest.h>

namespace
{

using namespace aliasvm;
using machine::EndCause;

struct Cpu final : kvm::Vcpu
{
    void set_entry(GuestAddr, std::uint64_t) override {}
    kvm::VcpuExit run() noexcept override { return kvm::Interrupted{}; }
    void kick() noexcept override {}
    bool inject_external_abort() noexcept override
    {
        ++aborts;
        return can_abort;
    }
    UniqueFd statistics() override { return {}; }
    std::uint64_t program_counter() noexcept override
    {
        ++asked_for_pc;
        return 0x1000;
    }

    bool can_abort = true;
    int aborts{};
    int asked_for_pc{};
};

struct Constant final : devices::MmioDevice
{
    std::uint64_t read(std::uint64_t, std::uint8_t) noexcept override { return 0x1122334455667788; }
    void write(std::uint64_t, std::uint8_t, std::uint64_t value) noexcept override { last = value; }
    std::uint64_t last{};
};

class AnExit : public testing::Test
{
protected:
    AnExit() { bus.add({{0xff00'0000}, 0x1000}, "uart0", device); }

    auto handle(const kvm::VcpuExit& exit) { return handle_exit(exit, cpu, bus, notices); }

    std::uint64_t read(std::uint64_t at, std::uint8_t width)
    {
        std::array<std::byte, 8> answer{};
        answer.fill(std::byte{0xee});
        EXPECT_FALSE(handle(kvm::MmioRead{{at}, width, answer.data()}));
        std::uint64_t value = 0;
        std::memcpy(&value, answer.data(), sizeof value);
        return value;
    }

    Cpu cpu;
    Constant device;
    machine::MmioBus bus;
    machine::Notices notices;
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
    EXPECT_EQ(cpu.asked_for_pc, 1) << "a million such accesses must not cost an ioctl each";
    EXPECT_EQ(bus.unmapped_reads() + bus.unmapped_writes(), 2U);
}

TEST_F(AnExit, ForAnUndescribedAccessGivesTheGuestAnAbort)
{
    EXPECT_FALSE(handle(kvm::UndescribedAccess{{0x8000'0000}}));
    EXPECT_EQ(cpu.aborts, 1);
}

TEST_F(AnExit, ForAnUndescribedAccessEndsTheMachineWhereTheHostCannotAbort)
{
    cpu.can_abort = false;
    const auto end = handle(kvm::UndescribedAccess{{0x8000'0000}});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->cause, EndCause::failure);
    EXPECT_EQ(end->pc, 0x1000U);
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
