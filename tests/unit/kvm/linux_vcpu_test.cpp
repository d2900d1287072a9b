// SPDX-License-Identifier: Apache-2.0
// Running and kicking over a KVM_RUN that behaves as the kernel's does.
#include "common/kvm/linux_vcpu.hpp"

#include "common/base/error.hpp"
#include "tests/fakes/fake_registers.hpp"
#include "tests/fakes/scripted_ioctl.hpp"

#include <linux/kvm.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace aliasvm::kvm
{
namespace
{

constexpr std::size_t area_size = 0x3000;

UniqueFd run_area_file()
{
    UniqueFd fd{::memfd_create("run area", MFD_CLOEXEC)};
    if (::ftruncate(fd.get(), area_size) < 0)
        throw Error{errno, "size the run area"};
    return fd;
}

class PlainVcpu final : public LinuxVcpu
{
public:
    explicit PlainVcpu(UniqueFd fd) : LinuxVcpu{std::move(fd), VcpuIndex{0}, area_size} {}
    void set_entry(GuestAddr, std::uint64_t) override {}
    void set_stolen_time(GuestAddr) override {}
    void connect_pmu() override {}
    bool inject_external_abort() noexcept override { return false; }
    std::optional<CpuState> state() noexcept override { return std::nullopt; }
    RegisterFile& registers() noexcept override { return registers_of_none; }
    std::optional<std::uint64_t> virtual_counter() noexcept override { return std::nullopt; }
    bool set_virtual_counter(std::uint64_t) noexcept override { return false; }
    std::uint64_t program_counter() noexcept override { return 0; }

    fakes::FakeRegisters registers_of_none;
};

class ALinuxVcpu : public testing::Test
{
protected:
    ALinuxVcpu()
    {
        UniqueFd file = run_area_file();
        area_ = Mapping::shared(file.get(), 0, area_size, "the test's view");
        vcpu.emplace(std::move(file));
    }

    kvm_run& area() { return *reinterpret_cast<kvm_run*>(area_.data()); }

    /// A guest that waits for an interrupt for ever: the flag is looked at on entry, then only a
    /// signal ends it, and none is missed in between.
    int wait_for_interrupt()
    {
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int result = -EINTR;
        if (std::atomic_ref{area().immediate_exit}.load() == 0)
        {
            inside.store(true);
            const int answer = ::ppoll(nullptr, 0, nullptr, &before);
            result = answer < 0 ? -errno : 0;
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        return result;
    }

    Mapping area_;
    fakes::ScriptedIoctl kernel;
    std::optional<PlainVcpu> vcpu;
    std::atomic<bool> inside{};
};

TEST_F(ALinuxVcpu, ReportsWhatTheRunAreaSays)
{
    kernel.on(KVM_RUN,
              [this](int, void*)
              {
                  area().exit_reason = KVM_EXIT_MMIO;
                  area().mmio.phys_addr = 0xff00'0000;
                  area().mmio.is_write = 1;
                  area().mmio.len = 1;
                  area().mmio.data[0] = 'x';
                  return 0;
              });
    EXPECT_EQ(std::get<MmioWrite>(vcpu->run()).value, static_cast<unsigned>('x'));
}

TEST_F(ALinuxVcpu, DoesNotRepeatAnInterruptedRun)
{
    kernel.answer(KVM_RUN, -EINTR);
    EXPECT_TRUE(std::holds_alternative<Interrupted>(vcpu->run()));
    EXPECT_EQ(kernel.count(KVM_RUN), 1U);
}

TEST_F(ALinuxVcpu, ReportsMemoryThatCannotBeBacked)
{
    kernel.answer(KVM_RUN, -EFAULT);
    EXPECT_EQ(std::get<Failure>(vcpu->run()).detail, static_cast<std::uint64_t>(EFAULT));
}

TEST_F(ALinuxVcpu, HandsOutItsStatistics)
{
    const int statistics = ::memfd_create("statistics", MFD_CLOEXEC);
    kernel.answer(KVM_GET_STATS_FD, statistics);
    EXPECT_EQ(vcpu->statistics().get(), statistics);
}

TEST_F(ALinuxVcpu, KeepsAKickForTheNextRunAndSpendsItOnce)
{
    kernel.on(KVM_RUN,
              [this](int, void*)
              {
                  if (area().immediate_exit != 0)
                      return -EINTR;
                  area().exit_reason = KVM_EXIT_SYSTEM_EVENT;
                  area().system_event.type = KVM_SYSTEM_EVENT_SHUTDOWN;
                  return 0;
              });
    vcpu->kick();
    vcpu->kick();
    EXPECT_TRUE(std::holds_alternative<Interrupted>(vcpu->run()));
    EXPECT_TRUE(std::holds_alternative<SystemEvent>(vcpu->run()));
}

TEST_F(ALinuxVcpu, KeepsAKickThatCameWithAnotherExit)
{
    kernel.on(KVM_RUN,
              [this](int, void*)
              {
                  if (area().immediate_exit != 0)
                      return -EINTR;
                  area().exit_reason = KVM_EXIT_SYSTEM_EVENT;
                  area().system_event.type = KVM_SYSTEM_EVENT_RESET;
                  vcpu->kick();
                  return 0;
              });
    EXPECT_TRUE(std::holds_alternative<SystemEvent>(vcpu->run()));
    EXPECT_TRUE(std::holds_alternative<Interrupted>(vcpu->run()));
}

TEST_F(ALinuxVcpu, ComesBackWhenKickedByAnotherThread)
{
    kernel.on(KVM_RUN, [this](int, void*) { return wait_for_interrupt(); });
    std::thread runner{[this] { EXPECT_TRUE(std::holds_alternative<Interrupted>(vcpu->run())); }};
    while (!inside.load())
        std::this_thread::yield();
    vcpu->kick();
    runner.join();
}

TEST_F(ALinuxVcpu, ComesBackOnAThreadThatHadBlockedEverySignal)
{
    kernel.on(KVM_RUN, [this](int, void*) { return wait_for_interrupt(); });
    std::thread runner{[this]
                       {
                           sigset_t all;
                           sigfillset(&all);
                           pthread_sigmask(SIG_SETMASK, &all, nullptr);
                           EXPECT_TRUE(std::holds_alternative<Interrupted>(vcpu->run()));
                       }};
    while (!inside.load())
        std::this_thread::yield();
    vcpu->kick();
    runner.join();
}

TEST_F(ALinuxVcpu, NeverLosesAKickHoweverTheyMeet)
{
    // Each round hangs for ever if a kick falls between the flag and the signal.
    kernel.on(KVM_RUN, [this](int, void*) { return wait_for_interrupt(); });
    constexpr unsigned rounds = 2000;
    std::atomic<unsigned> asked{};
    std::atomic<unsigned> done{};
    std::thread runner{[&]
                       {
                           while (done.load() < rounds)
                           {
                               (void)vcpu->run();
                               done.store(asked.load());
                           }
                       }};
    for (unsigned round = 1; round <= rounds; ++round)
    {
        asked.store(round);
        vcpu->kick();
        while (done.load() < round)
            std::this_thread::yield();
    }
    runner.join();
}

TEST_F(ALinuxVcpu, MayBeKickedWhenItsThreadIsOver)
{
    kernel.answer(KVM_RUN, -EINTR);
    std::thread runner{[this] { (void)vcpu->run(); }};
    runner.join();
    vcpu->kick();
    EXPECT_EQ(area().immediate_exit, 1);
}

} // namespace
} // namespace aliasvm::kvm
