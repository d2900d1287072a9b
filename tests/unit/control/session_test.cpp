// SPDX-License-Identifier: Apache-2.0
// A whole run over fakes: the daemon's calls, what they do to the machine, and how it ends.
#include "vmm/control/session.hpp"

#include "common/plan/config.hpp"
#include "common/registers/gem.hpp"
#include "tests/fakes/fake_kvm.hpp"
#include "tests/fakes/fake_vfio.hpp"
#include "tests/unit/control/fake_daemon.hpp"
#include "tests/unit/control/notify_socket.hpp"
#include "tests/unit/machine/temporary_file.hpp"
#include "tests/unit/plan/gzip.hpp"
#include "tests/unit/plan/plan_fixture.hpp"
#include "vmm/control/seccomp.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>

#include <boost/asio/co_spawn.hpp>

namespace
{

using namespace aliasvm;
using namespace aliasvm::tests;
using namespace std::chrono_literals;
using boost::asio::awaitable;
using control::ExitStatus;

[[maybe_unused]] int errno_of_open(const char* path)
{
    const UniqueFd file{::open(path, O_RDONLY | O_CLOEXEC)};
    return file.ok() ? 0 : errno;
}

std::string text_of(const std::vector<std::byte>& bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Plain memory says that a GEM's MDIO is busy unless told otherwise, and it would not come to
/// rest.
void set_mdio_idle(const fakes::DeviceModel& gem)
{
    gem.registers(0)[registers::gem::network_status] =
        static_cast<std::byte>(registers::gem::phy_management_idle);
}

class ASession : public testing::Test
{
protected:
    ASession()
    {
        for (const char* const name : {"ff000000.serial", "ff010000.serial", "ff0c0000.ethernet"})
            host.add(name);
    }

    /// Runs a VM until its end, and beside it, on the same loop, what the daemon does.
    ExitStatus run(const std::string& aliases, const std::function<awaitable<void>()>& act = {})
    {
        loop.restart();
        boost::asio::co_spawn(loop, guarded(act),
                              [this](std::exception_ptr failure)
                              {
                                  if (failure)
                                  {
                                      ADD_FAILURE() << "the daemon's part failed";
                                      loop.stop();
                                  }
                              });
        control::Outside outside{system,
                                 {host, [this](std::string name, std::vector<UniqueFd> descriptors)
                                  { hand_in(name, descriptors); }},
                                 [this] { return daemon.connect(); },
                                 testing::TempDir(),
                                 confine};
        return control::run_session(loop, config(aliases), plan::zynqmp(), outside);
    }

    /// How it fails to begin.
    std::string failure(const std::string& aliases)
    {
        try
        {
            static_cast<void>(run(aliases));
        }
        catch (const std::exception& error)
        {
            return error.what();
        }
        return "no failure";
    }

    awaitable<void> serving()
    {
        co_await daemon.registered(2); // the second time with a machine
    }
    awaitable<bool> holds(std::function<bool()> condition)
    {
        for (int tries = 0; tries < 5000; ++tries)
        {
            if (condition())
                co_return true;
            co_await daemon.pass(1ms);
        }
        co_return false;
    }
    awaitable<bool> said(std::string status)
    {
        co_return co_await holds(
            [&] { return systemd.text().find("STATUS=" + status) != std::string::npos; });
    }
    awaitable<void> power_off()
    {
        const auto answer = co_await daemon.machine("PowerOff");
        EXPECT_EQ(answer.error, "");
    }
    void guest_prints(const std::string& text)
    {
        auto& cpu = system.vm().vcpu(0);
        for (const char c : text)
            cpu.push(kvm::MmioWrite{{0xff00'0030}, 4, static_cast<unsigned char>(c)});
        ASSERT_TRUE(cpu.wait_idle());
    }
    /// What the guest finds where x0 points to.
    std::string tree_of_guest(std::size_t size)
    {
        const auto ram = system.vm().slots().at(0);
        return {reinterpret_cast<const char*>(ram.host) + system.vm().vcpu(0).x0(), size};
    }
    bool tells_of_a_pmu()
    {
        bool told = false;
        EXPECT_EQ(run("",
                      [&]() -> awaitable<void>
                      {
                          co_await serving();
                          told = tree_of_guest(0x1000).find("-pmu") != std::string::npos;
                          co_await power_off();
                      }),
                  ExitStatus::success);
        return told;
    }
    void guest_enables_uart() { system.vm().vcpu(0).push(kvm::MmioWrite{{0xff00'0000}, 4, 0x14}); }

    void be_kernel(const std::vector<std::byte>& bytes)
    {
        ASSERT_EQ(::ftruncate(kernel.fd(), 0), 0);
        ASSERT_EQ(::pwrite(kernel.fd(), bytes.data(), bytes.size(), 0),
                  static_cast<ssize_t>(bytes.size()));
    }

    TemporaryFile kernel{text_of(plan::make_elf())};
    /// Any tree will do.
    TemporaryFile dtb{plan::read_text(plan::environment("ALIASVM_TEST_CATALOGUE"))};
    NotifySocket systemd;
    boost::asio::io_context loop{1};
    FakeDaemon daemon{loop};
    fakes::FakeSystem system;
    fakes::FakeHost host;
    std::map<std::string, std::vector<std::string>> handed; ///< by device, what each fd says
    unsigned confined{};
    std::function<void()> confine = [this] { ++confined; };

private:
    awaitable<void> guarded(std::function<awaitable<void>()> act)
    {
        if (act)
            co_await act();
    }

    void hand_in(const std::string& name, const std::vector<UniqueFd>& descriptors)
    {
        handed[name].clear();
        for (const UniqueFd& descriptor : descriptors)
            handed[name].push_back(said_by(descriptor));
    }

    plan::Config config(const std::string& aliases) const
    {
        return plan::parse_config("memory = \"4M\"\nkernel = \"" + kernel.path() + "\"\n" + aliases,
                                  "vm.toml", *VmName::from("vm"));
    }
};

// ---- the beginning -----------------------------------------------------------------------------

TEST_F(ASession, TellsTheUserOfAllMistakesAndTheDaemonOfNothing)
{
    EXPECT_EQ(run("[alias]\nuart0 = \"urat1\"\n"), ExitStatus::configuration);
    EXPECT_EQ(daemon.attempts, 0U);
    EXPECT_TRUE(system.vms.empty());
}

TEST_F(ASession, UnpacksAKernelIntoTheGuestsMemory)
{
    auto image = plan::make_linux_image({0, 2 << 20, 0xa, 1 << 20});
    image.back() = std::byte{0x5a};
    be_kernel(tests::gzip(image));
    EXPECT_EQ(run("",
                  [this]() -> awaitable<void>
                  {
                      co_await serving();
                      const std::byte* const memory = system.vm().slots().at(0).host;
                      EXPECT_EQ(memory[0x38], std::byte{'A'});
                      EXPECT_EQ(memory[(1 << 20) - 1], std::byte{0x5a});
                      co_await power_off();
                  }),
              ExitStatus::success);
}

TEST_F(ASession, IsNotBegunAgainWithAKernelThatIsNotWhatItSays)
{
    auto packed = tests::gzip(plan::make_linux_image({0, 2 << 20, 0xa, 1 << 20}));
    plan::put(packed, packed.size() - 4, std::uint32_t{0x1'0000});
    be_kernel(packed);
    EXPECT_EQ(run(""), ExitStatus::configuration);
    EXPECT_EQ(systemd.text(), "") << "it never was ready";
}

TEST_F(ASession, TellsTheGuestOfAPmuIfKvmOffersOne)
{
    EXPECT_TRUE(tells_of_a_pmu());
}

TEST_F(ASession, TellsTheGuestOfNoPmuIfKvmOffersNone)
{
    system.pmu = false;
    EXPECT_FALSE(tells_of_a_pmu());
}

TEST_F(ASession, SaysBeforeTheStartThatTheGuestMissesAPmu)
{
    auto elf = plan::make_elf({{0, 0x200, 0x200}});
    plan::put_code(elf, {0xd53b'9c00}); // mrs x0, pmcr_el0
    be_kernel(elf);
    system.pmu = false;
    std::string before;
    testing::internal::CaptureStdout();
    confine = [&before] { before = testing::internal::GetCapturedStdout(); };
    EXPECT_EQ(run("",
                  [this]() -> awaitable<void>
                  {
                      co_await serving();
                      co_await power_off();
                  }),
              ExitStatus::success);
    EXPECT_NE(before.find("reads PMCR_EL0"), std::string::npos) << before;
}

TEST_F(ASession, RegistersAVmWithoutDevicesToo)
{
    EXPECT_EQ(run("",
                  [this]() -> awaitable<void>
                  {
                      co_await serving();
                      EXPECT_EQ(daemon.registrations[1].holding, "");
                      EXPECT_GE(daemon.registrations[1].statistics, 1U);
                      co_await power_off();
                  }),
              ExitStatus::success);
    EXPECT_TRUE(daemon.acquired.empty());
    EXPECT_EQ(confined, 1U);
}

TEST_F(ASession, GetsItsDevicesByAlias)
{
    daemon.instances = {{"uart0", "uart1"}};
    EXPECT_EQ(run("[alias]\nuart0 = \"uart1\"\nuart1 = \"\"\n",
                  [this]() -> awaitable<void>
                  {
                      co_await serving();
                      EXPECT_EQ(daemon.registrations[1].holding, "uart0=uart1 ");
                      EXPECT_TRUE(host.device("ff010000.serial").opened());
                      co_await power_off();
                  }),
              ExitStatus::success);
    EXPECT_EQ(daemon.acquired, std::vector<std::string>{"uart0"});
    EXPECT_EQ(handed["ff010000.serial"], std::vector<std::string>{"uart1"});
    EXPECT_FALSE(host.device("ff010000.serial").opened());
}

TEST_F(ASession, FollowsTheDaemonsBindingsAndNotTheFile)
{
    daemon.bindings = {{"uart0", "uart0"}, {"gem0", ""}};
    daemon.instances = {{"uart0", "uart0"}};
    EXPECT_EQ(run("[alias]\nuart0 = \"uart1\"\ngem0 = \"gem1\"\n",
                  [this]() -> awaitable<void>
                  {
                      co_await serving();
                      EXPECT_EQ(daemon.registrations[1].holding, "uart0=uart0 ");
                      co_await power_off();
                  }),
              ExitStatus::success);
    EXPECT_EQ(daemon.acquired, std::vector<std::string>{"uart0"});
}

TEST_F(ASession, MakesNoMachineWithoutItsDevices)
{
    daemon.refuse = bus::error_name::device_busy;
    daemon.refuse_alias = "uart0";
    daemon.instances = {{"uart0", "uart1"}};
    EXPECT_EQ(failure("[alias]\nuart0 = \"uart1\"\n"),
              "get the device for alias uart0 of vm: aliasvmd refuses: uart1 is not to be had");
    EXPECT_TRUE(system.vms.empty());
    EXPECT_EQ(systemd.text(), "") << "it never was ready";
}

TEST_F(ASession, TakesNoOtherDeviceThanItPlannedWith)
{
    daemon.instances = {{"uart0", "uart0"}};
    EXPECT_EQ(failure("[alias]\nuart0 = \"uart1\"\n"),
              "get uart1 for alias uart0: aliasvmd gives \"uart0\" with 1 descriptors: Protocol "
              "error");
    daemon.acquired.clear(); // the next session is another VMM's
    daemon.instances = {{"uart0", "uart1"}};
    daemon.descriptors = 0;
    EXPECT_EQ(failure("[alias]\nuart0 = \"uart1\"\n"),
              "get uart1 for alias uart0: aliasvmd gives \"uart1\" with 0 descriptors: Protocol "
              "error");
}

TEST_F(ASession, TakesNoBindingOfAnotherMachine)
{
    daemon.bindings = {{"ttc0", "ttc1"}};
    EXPECT_EQ(failure("").substr(0, 40), "put \"ttc1\" behind ttc0, as aliasvmd says");
    daemon.bindings = {{"uart0", "gem1"}};
    EXPECT_EQ(run("[alias]\nuart0 = \"uart1\"\n"), ExitStatus::configuration) << "it fits nothing";
}

TEST_F(ASession, IsServedAndConfinedBeforeItsGuestRuns)
{
    daemon.instances = {{"uart0", "uart1"}};
    const std::string console = testing::TempDir() + "/uart1.sock";
    host.device("ff010000.serial").raise(0);
    confine = [&]
    {
        ++confined;
        EXPECT_EQ(system.vm().vcpu_count(), 4U);
        ::poll(nullptr, 0, 20);
        for (std::uint32_t n = 0; n < 4; ++n)
            EXPECT_EQ(system.vm().vcpu(n).runs(), 0U) << n;
        EXPECT_EQ(::access(console.c_str(), F_OK), 0) << "the console is served";
        EXPECT_TRUE(host.device("ff010000.serial").opened());
        EXPECT_FALSE(host.device("ff010000.serial").has_signal(0)) << "no line is live";
        EXPECT_EQ(systemd.text(), "");
    };
    EXPECT_EQ(run("vcpus = 4\n[alias]\nuart0 = \"uart1\"\nuart1 = \"console\"\n",
                  [this]() -> awaitable<void>
                  {
                      co_await serving();
                      EXPECT_EQ(confined, 1U);
                      EXPECT_FALSE(daemon.registrations[1].paused);
                      EXPECT_TRUE(co_await holds(
                          [this] { return system.vm().pending(*Spi::from_dt_cell(21)); }));
                      for (std::uint32_t n = 0; n < 4; ++n)
                          EXPECT_TRUE(system.vm().vcpu(n).wait_idle()) << n;
                      EXPECT_TRUE(co_await said("running: 4 vCPUs"));
                      co_await power_off();
                  }),
              ExitStatus::success);
}

TEST_F(ASession, NeverRunsAGuestThatItCannotConfine)
{
    daemon.instances = {{"uart0", "uart1"}};
    const std::string console = testing::TempDir() + "/uart1.sock";
    confine = []
    {
        ::poll(nullptr, 0, 20); // whoever would run has the time to
        throw Error{ENOSYS, "confine the process"};
    };
    EXPECT_EQ(failure("vcpus = 4\n[alias]\nuart0 = \"uart1\"\nuart1 = \"console\"\n"),
              "confine the process: Function not implemented");
    for (std::uint32_t n = 0; n < 4; ++n)
        EXPECT_EQ(system.vm().vcpu(n).runs(), 0U) << n;
    EXPECT_TRUE(system.vm().destroyed());
    EXPECT_FALSE(host.device("ff010000.serial").opened());
    EXPECT_NE(::access(console.c_str(), F_OK), 0);
    EXPECT_EQ(systemd.text(), "") << "it never was ready";
}

// ---- hugepages
// -----------------------------------------------------------------------------------

constexpr std::uint64_t hugepage = 2U << 20;
const std::string at_identity = "dma = \"identity\"\nlow_memory = \"2M\"\n";

TEST_F(ASession, GetsTheHostsHugepagesAndPlansWithThem)
{
    daemon.hugepages = {{{0x3000'0000}, hugepage}, {{0x1000'0000}, hugepage}};
    ASSERT_EQ(::ftruncate(daemon.memory.get(), 2 * hugepage), 0);
    daemon.instances = {{"gem0", "gem1"}};
    host.device("ff0c0000.ethernet").noiommu = true;
    EXPECT_EQ(run(at_identity + "alias = { gem0 = \"gem1\" }\n",
                  [this]() -> awaitable<void>
                  {
                      co_await serving();
                      const auto slots = system.vm().slots();
                      EXPECT_EQ(slots.at(0).guest, (GuestRange{{0}, hugepage}));
                      EXPECT_EQ(slots.at(1).guest, daemon.hugepages[1]);
                      EXPECT_EQ(slots.at(2).guest, daemon.hugepages[0]);
                      slots.at(1).host[0] = std::byte{0x5a};
                      std::byte seen{};
                      EXPECT_EQ(::pread(daemon.memory.get(), &seen, 1, hugepage), 1);
                      EXPECT_EQ(seen, std::byte{0x5a}) << "the second bank is the file's second";
                      EXPECT_TRUE(host.device("ff0c0000.ethernet").opened());
                      EXPECT_TRUE(host.device("ff0c0000.ethernet").dma.empty());
                      co_await power_off();
                  }),
              ExitStatus::success);
    EXPECT_EQ(daemon.memory_acquired, std::vector<std::uint64_t>{2 * hugepage});
    EXPECT_EQ(daemon.acquired, std::vector<std::string>{"gem0"});
}

TEST_F(ASession, TakesABusMasterAtIdentityWithoutAContainer)
{
    daemon.hugepages = {{{0x1000'0000}, 2 * hugepage}};
    ASSERT_EQ(::ftruncate(daemon.memory.get(), 2 * hugepage), 0);
    host.device("ff0c0000.ethernet").noiommu = true;
    run(at_identity + "alias = { gem0 = \"\" }\n",
        [this]() -> awaitable<void>
        {
            co_await serving();
            EXPECT_EQ((co_await daemon.attach("gem0", "gem1", 2)).error,
                      "org.freedesktop.DBus.Error.InvalidArgs: gem1 comes with 2 descriptors, due "
                      "are 1");
            EXPECT_EQ((co_await daemon.attach("gem0", "gem1", 1)).error, "");
            EXPECT_TRUE(host.device("ff0c0000.ethernet").opened());
            EXPECT_TRUE(host.device("ff0c0000.ethernet").dma.empty());
            set_mdio_idle(host.device("ff0c0000.ethernet"));
            EXPECT_EQ((co_await daemon.detach("gem0")).error, "");
            EXPECT_FALSE(host.device("ff0c0000.ethernet").opened());
            co_await power_off();
        });
}

TEST_F(ASession, AsksForNoHugepagesBehindAnIommu)
{
    run("",
        [this]() -> awaitable<void>
        {
            co_await serving();
            co_await power_off();
        });
    EXPECT_TRUE(daemon.memory_acquired.empty());
}

TEST_F(ASession, EndsAsTheRefusalOfHugepagesSays)
{
    for (const auto& [name, status] : std::map<std::string, ExitStatus>{
             {bus::error_name::identity_not_allowed, ExitStatus::unavailable},
             {bus::error_name::no_hugepages, ExitStatus::unavailable},
             {bus::error_name::bad_configuration, ExitStatus::configuration}})
    {
        daemon.refuse_memory = name;
        try
        {
            static_cast<void>(run(at_identity));
            ADD_FAILURE() << name;
        }
        catch (const control::Refusal& refusal)
        {
            EXPECT_EQ(refusal.status(), status) << name;
            EXPECT_STREQ(refusal.what(),
                         "get 4M of hugepages for vm: aliasvmd refuses: no memory for you");
        }
    }
    EXPECT_TRUE(daemon.acquired.empty());
    EXPECT_TRUE(system.vms.empty());
}

TEST_F(ASession, TakesNoOtherMemoryThanItAskedFor)
{
    EXPECT_EQ(failure(at_identity),
              "aliasvmd answers AcquireMemory with 0 bytes, where 4194304 are "
              "due");
    daemon.hugepages = {{{0x1000'0000}, 3 * hugepage}};
    EXPECT_EQ(failure(at_identity), "aliasvmd answers AcquireMemory with a bank "
                                    "[0x10000000+0x600000], where 4194304 bytes of hugepages are "
                                    "due");
    daemon.hugepages = {{{0x1000'1000}, hugepage}, {{0x2000'0000}, hugepage}};
    EXPECT_NE(failure(at_identity), "no failure");
    daemon.hugepages = {{{~std::uint64_t{0} - hugepage + 1}, 2 * hugepage}};
    EXPECT_NE(failure(at_identity), "no failure");
}

TEST_F(ASession, SaysWhatIsInTheWayOfTheHugepages)
{
    daemon.hugepages = {{{0}, 2 * hugepage}};
    EXPECT_EQ(run(at_identity), ExitStatus::configuration);
    EXPECT_TRUE(system.vms.empty());
}

// ---- Machine -----------------------------------------------------------------------------------

TEST_F(ASession, IsPausedAndResumedAndSaysSo)
{
    run("[alias]\nuart1 = \"console\"\n",
        [this]() -> awaitable<void>
        {
            co_await serving();
            EXPECT_TRUE(co_await said("running: 1 vCPU, uart1=console gpio=power-key"));
            EXPECT_EQ((co_await daemon.machine("Resume")).error,
                      "org.aliasvm1.Error.WrongState: vm is not paused");
            EXPECT_EQ((co_await daemon.machine("Pause")).error, "");
            EXPECT_TRUE(co_await said("paused: 1 vCPU, uart1=console gpio=power-key"));
            EXPECT_EQ((co_await daemon.machine("Pause")).error,
                      "org.aliasvm1.Error.WrongState: vm is paused already");
            const std::size_t before = systemd.text().size();
            EXPECT_EQ((co_await daemon.machine("Resume")).error, "");
            EXPECT_TRUE(co_await said("running: "));
            EXPECT_EQ(systemd.text().substr(before, 16), "STATUS=running: ");
            EXPECT_NE((co_await daemon.pause("flies")).error.find("InvalidArgs"),
                      std::string::npos);
            EXPECT_EQ((co_await daemon.machine("Pause")).error, "") << "it runs still";
            EXPECT_EQ((co_await daemon.pause("runs")).error,
                      "org.aliasvm1.Error.WrongState: vm is paused already");
            EXPECT_EQ((co_await daemon.machine("Resume")).error, "");
            const std::size_t clocks = system.vm().vcpu(0).clock_set.size();
            EXPECT_EQ((co_await daemon.pause("runs")).error, "");
            EXPECT_EQ((co_await daemon.machine("Resume")).error, "");
            EXPECT_EQ(system.vm().vcpu(0).clock_set.size(), clocks) << "the clock was not held";
            co_await power_off();
        });
}

TEST_F(ASession, RepliesBeforeItEndsForAReset)
{
    const auto status = run("",
                            [this]() -> awaitable<void>
                            {
                                co_await serving();
                                EXPECT_EQ((co_await daemon.machine("Reset")).error, "");
                            });
    EXPECT_EQ(status, ExitStatus::reset);
}

TEST_F(ASession, DoesNothingMoreForAnybodyWhenItIsOver)
{
    std::map<std::string, std::string> errors;
    const auto ask = [&](const char* method) -> awaitable<void>
    {
        const auto answer = co_await daemon.machine(method);
        errors[method] = answer.error;
    };
    const auto status =
        run("",
            [&]() -> awaitable<void>
            {
                co_await serving();
                // All are on their way before the first is served.
                for (const char* const method : {"PowerOff", "Reset", "Pause", "Resume"})
                    boost::asio::co_spawn(loop, ask(method), boost::asio::detached);
            });
    EXPECT_EQ(status, ExitStatus::success);
    for (const auto end = std::chrono::steady_clock::now() + 20s;
         errors.size() < 4 && std::chrono::steady_clock::now() < end;)
    {
        loop.restart();
        loop.run_one_for(1ms);
    }
    const std::string over = "org.aliasvm1.Error.WrongState: vm has come to its end";
    EXPECT_EQ(errors, (std::map<std::string, std::string>{
                          {"PowerOff", ""}, {"Reset", over}, {"Pause", over}, {"Resume", over}}));
}

TEST_F(ASession, DumpsTheTreeThatItMade)
{
    run("",
        [this]() -> awaitable<void>
        {
            co_await serving();
            const auto answer = co_await daemon.machine("DumpDeviceTree");
            const std::string text = text_of(answer.bytes);
            EXPECT_EQ(text.substr(0, 4), "\xd0\x0d\xfe\xed");
            EXPECT_NE(text.find("arm,gic-400"), std::string::npos);
            EXPECT_EQ(tree_of_guest(text.size()), text);
            co_await power_off();
        });
}

TEST_F(ASession, TellsItsGuestTheHostsClockRates)
{
    constexpr std::uint32_t uart1_ref = 57;
    daemon.instances = {{"uart0", "uart1"}};
    daemon.rates = {{uart1_ref, 0x0102'0304}};
    EXPECT_EQ(run("[alias]\nuart0 = \"uart1\"\n",
                  [this]() -> awaitable<void>
                  {
                      co_await serving();
                      const auto answer = co_await daemon.machine("DumpDeviceTree");
                      EXPECT_NE(text_of(answer.bytes).find("\x01\x02\x03\x04"), std::string::npos);
                      co_await power_off();
                  }),
              ExitStatus::success);
}

TEST_F(ASession, DumpsTheTreeThatItWasTold)
{
    run("dtb = \"" + dtb.path() + "\"\n",
        [this]() -> awaitable<void>
        {
            co_await serving();
            const auto answer = co_await daemon.machine("DumpDeviceTree");
            // Its nodes are the file's, with this machine's own among them.
            EXPECT_NE(text_of(answer.bytes).find("firmware-clocks"), std::string::npos);
            EXPECT_NE(text_of(answer.bytes).find("rng-seed"), std::string::npos);
            EXPECT_EQ(tree_of_guest(answer.bytes.size()), text_of(answer.bytes));
            co_await power_off();
        });
}

TEST_F(ASession, DumpsWhatTheGuestGotWhateverBecomesOfTheFile)
{
    const std::string told = plan::read_text(dtb.path());
    ASSERT_EQ(::pwrite(dtb.fd(), "behind it", 9, static_cast<off_t>(told.size())), 9);
    run("dtb = \"" + dtb.path() + "\"\n",
        [&]() -> awaitable<void>
        {
            co_await daemon.registered(1); // it is planned, and there is no machine yet
            EXPECT_EQ(::pwrite(dtb.fd(), "another tree", 12, 64), 12);
            co_await serving();
            const auto answer = co_await daemon.machine("DumpDeviceTree");
            const std::string got = text_of(answer.bytes);
            EXPECT_NE(got.find("firmware-clocks"), std::string::npos);
            EXPECT_EQ(got.find("another tree"), std::string::npos);
            EXPECT_EQ(tree_of_guest(got.size()), got);
            EXPECT_EQ(tree_of_guest(got.size() + 9).substr(got.size()), std::string(9, '\0'))
                << "what was behind the tree";
            co_await power_off();
        });
}

// ---- the console -------------------------------------------------------------------------------

std::string read_from(const UniqueFd& console)
{
    std::string text;
    pollfd ready{console.get(), POLLIN, 0};
    char buffer[256];
    while (::poll(&ready, 1, 0) == 1)
    {
        const ssize_t size = ::read(console.get(), buffer, sizeof buffer);
        if (size <= 0)
            return text + "END";
        text.append(buffer, static_cast<std::size_t>(size));
    }
    return text;
}

TEST_F(ASession, OpensItsConsoleWithWhatWasPrintedBefore)
{
    run("[alias]\nuart0 = \"console\"\n",
        [this]() -> awaitable<void>
        {
            co_await serving();
            guest_enables_uart();
            guest_prints("before");
            const auto first = co_await daemon.machine("OpenConsole");
            std::string seen;
            for (int tries = 0; tries < 5000 && seen.size() < 6; ++tries)
            {
                seen += read_from(first.descriptor);
                co_await daemon.pass(1ms);
            }
            EXPECT_EQ(seen, "before");
            guest_prints(", after");
            for (int tries = 0; tries < 5000 && seen.size() < 13; ++tries)
            {
                seen += read_from(first.descriptor);
                co_await daemon.pass(1ms);
            }
            EXPECT_EQ(seen, "before, after");

            EXPECT_EQ(::write(first.descriptor.get(), "k", 1), 1);
            co_await daemon.pass(20ms);
            system.vm().vcpu(0).push(kvm::MmioRead{{0xff00'0030}, 4, {}});
            EXPECT_TRUE(system.vm().vcpu(0).wait_idle());
            EXPECT_EQ(system.vm().vcpu(0).answers(), std::vector<std::uint64_t>{'k'});
            co_await power_off();
        });
}

TEST_F(ASession, SaysWhereAPhysicalConsoleIs)
{
    daemon.instances = {{"uart0", "uart1"}};
    run("[alias]\nuart0 = \"uart1\"\n",
        [this]() -> awaitable<void>
        {
            co_await serving();
            EXPECT_EQ((co_await daemon.machine("OpenConsole")).error,
                      "org.aliasvm1.Error.ConsoleIsPhysical: the console of vm is uart0, which is "
                      "the physical uart1 (ff010000.serial)");
            EXPECT_EQ((co_await daemon.detach("uart0")).error, "");
            EXPECT_EQ((co_await daemon.machine("OpenConsole")).error,
                      "org.aliasvm1.Error.WrongState: vm has no console: nothing is behind a UART");
            co_await power_off();
        });
}

// ---- Aliases -----------------------------------------------------------------------------------

TEST_F(ASession, LetsGoOfADeviceAndTakesAnother)
{
    daemon.instances = {{"uart0", "uart1"}};
    run("[alias]\nuart0 = \"uart1\"\n",
        [this]() -> awaitable<void>
        {
            co_await serving();
            EXPECT_TRUE(co_await said("running: 1 vCPU, uart0=uart1(ff010000.serial)"));
            const auto detached = co_await daemon.detach("uart0");
            EXPECT_EQ(detached.error, "");
            EXPECT_TRUE(co_await said("running: 1 vCPU, uart0=nothing gpio=power-key"));
            EXPECT_EQ((co_await daemon.detach("uart0")).error,
                      "org.aliasvm1.Error.WrongState: no device is behind alias uart0 of vm: "
                      "uart0=nothing");
            const auto attached = co_await daemon.attach("uart0", "uart0");
            EXPECT_EQ(attached.error, "");
            EXPECT_TRUE(host.device("ff000000.serial").opened());
            EXPECT_TRUE(co_await said("running: 1 vCPU, uart0=uart0(ff000000.serial)"));
            co_await power_off();
        });
    EXPECT_EQ(handed["ff000000.serial"], std::vector<std::string>{"uart0"});
}

TEST_F(ASession, IsReboundWhilePausedAndStaysPaused)
{
    daemon.instances = {{"uart0", "uart1"}};
    run("[alias]\nuart0 = \"uart1\"\n",
        [this]() -> awaitable<void>
        {
            co_await serving();
            EXPECT_EQ((co_await daemon.machine("Pause")).error, "");
            EXPECT_EQ((co_await daemon.detach("uart0")).error, "");
            EXPECT_EQ((co_await daemon.attach("uart0", "uart0")).error, "");
            EXPECT_TRUE(co_await said("paused: 1 vCPU, uart0=uart0(ff000000.serial)"));
            EXPECT_EQ((co_await daemon.machine("Resume")).error, "");
            co_await power_off();
        });
}

TEST_F(ASession, NamesWhatCannotBeAttached)
{
    daemon.instances = {{"uart0", "uart1"}};
    run("[alias]\nuart0 = \"uart1\"\nuart1 = \"\"\ngem0 = \"\"\n",
        [this]() -> awaitable<void>
        {
            co_await serving();
            EXPECT_EQ((co_await daemon.detach("can0")).error.substr(0, 30),
                      "org.aliasvm1.Error.NoSuchAlias");
            EXPECT_EQ((co_await daemon.attach("uart0", "uart0")).error,
                      "org.aliasvm1.Error.AliasInUse: alias uart0 of vm is taken: "
                      "uart0=uart1(ff010000.serial)");
            EXPECT_EQ((co_await daemon.attach("uart1", "gem1", 2)).error,
                      "org.aliasvm1.Error.AliasMismatch: alias uart1 is a xlnx,zynqmp-uart, but "
                      "gem1 is a xlnx,zynqmp-gem");
            EXPECT_EQ((co_await daemon.attach("uart1", "uart0", 0)).error,
                      "org.freedesktop.DBus.Error.InvalidArgs: uart0 comes with 0 descriptors, "
                      "due are 1");
            EXPECT_EQ((co_await daemon.attach("gem0", "gem1", 1)).error,
                      "org.freedesktop.DBus.Error.InvalidArgs: gem1 comes with 1 descriptors, "
                      "due are 2: the device's and its container's");
            co_await power_off();
        });
    EXPECT_EQ(handed.size(), 1U) << "nothing was handed in for any of them";
}

TEST_F(ASession, IsAsItWasAfterAnAttachThatFailed)
{
    host.device("ff000000.serial").fail(fakes::DeviceModel::Call::open, EIO);
    run("[alias]\nuart0 = \"\"\n",
        [this]() -> awaitable<void>
        {
            co_await serving();
            const auto failed = co_await daemon.attach("uart0", "uart0");
            EXPECT_EQ(failed.error.substr(0, 27), "org.aliasvm1.Error.Failed: ");
            EXPECT_NE(failed.error.find("ff000000.serial"), std::string::npos) << failed.error;
            EXPECT_TRUE(co_await said("running: 1 vCPU, uart0=nothing"));
            EXPECT_EQ((co_await daemon.attach("uart0", "uart0")).error, "");
            co_await power_off();
        });
}

// ---- a daemon that goes ------------------------------------------------------------------------

TEST_F(ASession, RunsOnWithoutItsDaemonAndServesTheNext)
{
    daemon.instances = {{"uart0", "uart1"}};
    run("[alias]\nuart0 = \"uart1\"\n",
        [this]() -> awaitable<void>
        {
            co_await serving();
            EXPECT_EQ((co_await daemon.machine("Pause")).error, "");
            daemon.drop();
            co_await daemon.registered(3);
            EXPECT_EQ(daemon.registrations[2].holding, "uart0=uart1 ");
            EXPECT_TRUE(daemon.registrations[2].paused);
            EXPECT_GE(daemon.registrations[2].statistics, 1U);
            EXPECT_EQ((co_await daemon.machine("Resume")).error, "");
            EXPECT_EQ((co_await daemon.detach("uart0")).error, "");
            daemon.drop();
            co_await daemon.registered(4);
            EXPECT_EQ(daemon.registrations[3].holding, "");
            co_await power_off();
        });
}

// A sanitizer makes system calls of its own, which the filter would refuse.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(ASession, LivesItsLifeConfined)
{
    confine = control::confine;
    daemon.instances = {{"uart0", "uart1"}};
    const auto life = [this]() -> awaitable<void>
    {
        co_await serving();
        EXPECT_EQ(errno_of_open("/dev/null"), EPERM);
        EXPECT_EQ((co_await daemon.machine("Pause")).error, "");
        daemon.drop();
        co_await daemon.registered(3);
        EXPECT_GE(daemon.registrations[2].statistics, 1U);
        EXPECT_EQ((co_await daemon.machine("Resume")).error, "");
        EXPECT_TRUE((co_await daemon.machine("OpenConsole")).descriptor.ok());
        EXPECT_EQ((co_await daemon.detach("uart0")).error, "");
        co_await power_off();
    };
    const auto child = [&]
    {
        const auto status = run("[alias]\nuart0 = \"uart1\"\nuart1 = \"console\"\n", life);
        ::_exit(status == ExitStatus::success && !HasFailure() ? 0 : 1);
    };
    EXPECT_EXIT(child(), testing::ExitedWithCode(0), "");
}
#endif

TEST_F(ASession, EndsWithItsGuestWhileTheDaemonIsAway)
{
    EXPECT_EQ(run("",
                  [this]() -> awaitable<void>
                  {
                      co_await serving();
                      daemon.up = false;
                      daemon.drop();
                      co_await daemon.pass(20ms);
                      system.vm().vcpu(0).push(kvm::SystemEvent::power_off);
                  }),
              ExitStatus::success);
}

} // namespace
