// SPDX-License-Identifier: Apache-2.0
// Every exit that KVM may report, in the words of the port.
#include "common/kvm/run_area.hpp"

#include <cerrno>
#include <cstring>

#include <gtest/gtest.h>

namespace aliasvm::kvm
{
namespace
{

class ARunArea : public testing::Test
{
protected:
    kvm_run run{};

    void access(bool write, std::uint32_t width)
    {
        run.exit_reason = KVM_EXIT_MMIO;
        run.mmio.phys_addr = 0xff00'0030;
        run.mmio.is_write = write ? 1 : 0;
        run.mmio.len = width;
        const std::uint8_t bytes[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
        std::memcpy(run.mmio.data, bytes, sizeof bytes);
    }
};

TEST_F(ARunArea, TellsAWriteOfEachWidth)
{
    for (const auto& [width, value] : {std::pair{1U, 0x11ULL},
                                       {2U, 0x2211ULL},
                                       {4U, 0x4433'2211ULL},
                                       {8U, 0x8877'6655'4433'2211ULL}})
    {
        access(true, width);
        const auto exit = std::get<MmioWrite>(exit_of(run));
        EXPECT_EQ(exit.at, GuestAddr{0xff00'0030});
        EXPECT_EQ(exit.width, width);
        EXPECT_EQ(exit.value, value);
    }
}

TEST_F(ARunArea, TakesTheAnswerOfARead)
{
    access(false, 4);
    const auto exit = std::get<MmioRead>(exit_of(run));
    EXPECT_EQ(exit.width, 4);
    const std::uint32_t value = 0xcafe'f00d;
    std::memcpy(exit.answer, &value, sizeof value);
    EXPECT_EQ(std::memcmp(run.mmio.data, &value, sizeof value), 0);
}

TEST_F(ARunArea, AnswersAReadWithZeroUnlessTold)
{
    access(false, 8);
    const auto exit = std::get<MmioRead>(exit_of(run));
    for (int i = 0; i < 8; ++i)
        EXPECT_EQ(exit.answer[i], std::byte{});
}

TEST_F(ARunArea, FailsOnAnImpossibleWidth)
{
    for (const std::uint32_t width : {0U, 3U, 9U, 16U, 0xffff'ffffU})
    {
        access(true, width);
        EXPECT_EQ(std::get<Failure>(exit_of(run)).detail, width);
    }
}

TEST_F(ARunArea, TellsAnUndescribedAccess)
{
    run.exit_reason = KVM_EXIT_ARM_NISV;
    run.arm_nisv.fault_ipa = 0xff0a'0000;
    EXPECT_EQ(std::get<UndescribedAccess>(exit_of(run)).at, GuestAddr{0xff0a'0000});
}

TEST_F(ARunArea, TellsWhatTheGuestAskedOfThePlatform)
{
    run.exit_reason = KVM_EXIT_SYSTEM_EVENT;
    run.system_event.type = KVM_SYSTEM_EVENT_SHUTDOWN;
    EXPECT_EQ(std::get<SystemEvent>(exit_of(run)), SystemEvent::power_off);
    run.system_event.type = KVM_SYSTEM_EVENT_RESET;
    EXPECT_EQ(std::get<SystemEvent>(exit_of(run)), SystemEvent::reset);
    run.system_event.type = KVM_SYSTEM_EVENT_CRASH;
    EXPECT_EQ(std::get<SystemEvent>(exit_of(run)), SystemEvent::crash);
    run.system_event.type = KVM_SYSTEM_EVENT_SUSPEND;
    EXPECT_EQ(std::get<Failure>(exit_of(run)).detail,
              static_cast<unsigned>(KVM_SYSTEM_EVENT_SUSPEND));
}

TEST_F(ARunArea, TellsWhyTheGuestCannotGoOn)
{
    run.exit_reason = KVM_EXIT_FAIL_ENTRY;
    run.fail_entry.hardware_entry_failure_reason = 7;
    EXPECT_EQ(std::get<Failure>(exit_of(run)).detail, 7U);
    run.exit_reason = KVM_EXIT_INTERNAL_ERROR;
    run.internal.suberror = 3;
    EXPECT_EQ(std::get<Failure>(exit_of(run)).detail, 3U);
    run.exit_reason = KVM_EXIT_DEBUG;
    EXPECT_EQ(std::get<Failure>(exit_of(run)).detail, static_cast<unsigned>(KVM_EXIT_DEBUG));
}

TEST(AnErrnoOfKvmRun, IsAnInterruptionOrAFailureWithAReason)
{
    EXPECT_TRUE(std::holds_alternative<Interrupted>(exit_of_errno(EINTR)));
    EXPECT_TRUE(std::holds_alternative<Interrupted>(exit_of_errno(EAGAIN)));
    for (const int error : {EFAULT, ENOSYS, EHWPOISON, ENOMEM, ENOEXEC, EINVAL})
    {
        const auto failure = std::get<Failure>(exit_of_errno(error));
        EXPECT_EQ(failure.detail, static_cast<std::uint64_t>(error));
        EXPECT_STRNE(failure.reason, "");
    }
}

} // namespace
} // namespace aliasvm::kvm
