// SPDX-License-Identifier: Apache-2.0
// BrokerClient and a daemon that answers, refuses, is silent, goes away and comes back.
#include "vmm/control/broker_client.hpp"

#include "tests/unit/control/fake_daemon.hpp"
#include "tests/unit/machine/temporary_file.hpp"

#include <sys/un.h>

#include <fstream>

namespace
{

using namespace aliasvm;
using namespace aliasvm::tests;
using namespace std::chrono_literals;
using control::BrokerClient;
using control::ExitStatus;
using control::Presence;

class ABrokerClient : public testing::Test
{
protected:
    void serve()
    {
        client.serve(
            [this]
            {
                Presence presence{{{"uart0", "uart1"}}, paused, {}};
                presence.statistics.push_back(file_saying("statistics"));
                return presence;
            },
            [this](const auto& connection) { offered.push_back(connection); });
    }

    template <class Condition>
    bool until(Condition condition)
    {
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < end)
        {
            loop.restart();
            loop.run_one_for(1ms);
        }
        return condition();
    }
    bool registered(std::size_t times)
    {
        return until([&] { return daemon.registrations.size() >= times; });
    }

    /// How enrol() and acquire("uart0") end, and with which exit status.
    std::pair<std::string, ExitStatus> refusal()
    {
        try
        {
            static_cast<void>(client.enrol());
            static_cast<void>(client.acquire("uart0"));
        }
        catch (const control::Refusal& refused)
        {
            return {refused.what(), refused.status()};
        }
        return {"not refused", ExitStatus::success};
    }

    boost::asio::io_context loop{1};
    FakeDaemon daemon{loop};
    bool paused{};
    std::vector<std::shared_ptr<bus::Connection>> offered;
    BrokerClient client{
        loop, *VmName::from("vm"), [this] { return daemon.connect(); }, {500ms, 10ms, 40ms}};
};

TEST_F(ABrokerClient, RegistersWithNothingAndHearsTheBindings)
{
    daemon.bindings = {{"uart0", "uart1"}, {"gem0", ""}};
    EXPECT_EQ(client.enrol(), daemon.bindings);
    ASSERT_EQ(daemon.registrations.size(), 1U);
    EXPECT_EQ(daemon.registrations[0].name, "vm");
    EXPECT_EQ(daemon.registrations[0].holding, "");
    EXPECT_FALSE(daemon.registrations[0].paused);
    EXPECT_EQ(daemon.registrations[0].statistics, 0U);
}

TEST_F(ABrokerClient, GetsTheDescriptorsOfADevice)
{
    daemon.instances["gem0"] = "gem1";
    daemon.descriptors = 2;
    static_cast<void>(client.enrol());
    const control::Device device = client.acquire("gem0");
    EXPECT_EQ(device.instance, "gem1");
    ASSERT_EQ(device.descriptors.size(), 2U);
    EXPECT_EQ(said_by(device.descriptors[0]), "gem1");
    EXPECT_EQ(said_by(device.descriptors[1]), "gem1 container");
}

TEST_F(ABrokerClient, EndsWithTheStatusThatARefusalDeserves)
{
    const std::pair<const char*, ExitStatus> cases[] = {
        {"org.aliasvm1.Error.BadConfiguration", ExitStatus::configuration},
        {"org.aliasvm1.Error.DeviceBusy", ExitStatus::unavailable},
        {"org.aliasvm1.Error.HeldByDriver", ExitStatus::unavailable},
        {"org.aliasvm1.Error.AliasMismatch", ExitStatus::unavailable},
        {"org.aliasvm1.Error.NoIommu", ExitStatus::unavailable},
        {"org.aliasvm1.Error.IdentityNotAllowed", ExitStatus::unavailable},
        {"org.aliasvm1.Error.NoHugepages", ExitStatus::unavailable},
        {"org.aliasvm1.Error.GroupNotViable", ExitStatus::unavailable},
        {"org.aliasvm1.Error.DeviceBlocked", ExitStatus::unavailable},
        {"org.aliasvm1.Error.Failed", ExitStatus::failure},
        {"org.freedesktop.DBus.Error.AccessDenied", ExitStatus::failure},
    };
    daemon.instances["uart0"] = "uart1";
    daemon.refuse_alias = "uart0";
    for (const auto& [name, status] : cases)
    {
        daemon.refuse = name;
        EXPECT_EQ(refusal(),
                  std::pair(std::string{"get the device for alias uart0 of vm: aliasvmd refuses: "
                                        "uart1 is not to be had"},
                            status))
            << name;
    }
}

TEST_F(ABrokerClient, SaysWhyItWasNotRegistered)
{
    daemon.refuse = "org.freedesktop.DBus.Error.AccessDenied";
    EXPECT_EQ(refusal(), std::pair(std::string{"register vm: aliasvmd refuses: no, not vm"},
                                   ExitStatus::failure));
}

TEST_F(ABrokerClient, DoesNotWaitForeverForADaemonThatSaysNothing)
{
    daemon.silent = true;
    const auto started = std::chrono::steady_clock::now();
    const auto [what, status] = refusal();
    EXPECT_EQ(what.substr(0, 44), "register vm: aliasvmd does not answer: the o");
    EXPECT_EQ(status, ExitStatus::failure);
    EXPECT_LT(std::chrono::steady_clock::now() - started, 10s);
}

TEST_F(ABrokerClient, TellsOfTheMachineOnceItIsThere)
{
    static_cast<void>(client.enrol());
    serve();
    ASSERT_TRUE(registered(2));
    EXPECT_EQ(daemon.registrations[1].holding, "uart0=uart1 ");
    EXPECT_EQ(daemon.registrations[1].statistics, 1U);
    EXPECT_EQ(offered.size(), 1U);
    EXPECT_EQ(daemon.attempts, 1U);
}

TEST_F(ABrokerClient, ComesBackToADaemonThatWasGone)
{
    static_cast<void>(client.enrol());
    serve();
    ASSERT_TRUE(registered(2));
    paused = true;
    daemon.up = false;
    daemon.drop();
    ASSERT_TRUE(until([&] { return daemon.attempts >= 4; })) << "it keeps trying";
    daemon.up = true;
    ASSERT_TRUE(registered(3));
    EXPECT_EQ(daemon.registrations[2].holding, "uart0=uart1 ");
    EXPECT_TRUE(daemon.registrations[2].paused);
    EXPECT_EQ(daemon.registrations[2].statistics, 1U);
    EXPECT_EQ(offered.size(), 2U) << "with the objects on the new connection";
    daemon.drop();
    EXPECT_TRUE(registered(4)) << "as often as it takes";
}

TEST_F(ABrokerClient, NoticesALossThatHappenedBeforeItServes)
{
    static_cast<void>(client.enrol());
    daemon.drop();
    loop.run_for(5ms);
    serve();
    EXPECT_TRUE(registered(2));
}

TEST_F(ABrokerClient, ComesBackAfterALossWhileItTellsOfTheMachine)
{
    static_cast<void>(client.enrol());
    serve();
    daemon.drop(); // before the loop has run
    EXPECT_TRUE(registered(2));
}

TEST_F(ABrokerClient, GoesOnAskingADaemonThatRefusesToHaveItBack)
{
    static_cast<void>(client.enrol());
    serve();
    ASSERT_TRUE(registered(2));
    daemon.refuse = "org.aliasvm1.Error.WrongState";
    daemon.drop();
    ASSERT_TRUE(registered(3));
    const auto refused_at = std::chrono::steady_clock::now();
    ASSERT_TRUE(registered(4));
    EXPECT_GE(std::chrono::steady_clock::now() - refused_at, 30ms) << "at the slow pace";
    daemon.refuse.clear();
    ASSERT_TRUE(registered(5));
    daemon.lost = 0;
    loop.run_for(150ms);
    EXPECT_EQ(daemon.registrations.size(), 5U) << "and is content then";
    EXPECT_EQ(daemon.lost, 0);
}

TEST_F(ABrokerClient, GivesUpADaemonThatAcceptsAndSaysNothingAndTriesAnother)
{
    static_cast<void>(client.enrol());
    serve();
    ASSERT_TRUE(registered(2));
    daemon.silent = true;
    const unsigned before = daemon.attempts;
    daemon.drop();
    const auto started = std::chrono::steady_clock::now();
    ASSERT_TRUE(until([&] { return daemon.attempts >= before + 2; }));
    EXPECT_LT(std::chrono::steady_clock::now() - started, 10s) << "nothing waits inside sd-bus";
    daemon.silent = false;
    EXPECT_TRUE(registered(3));
}

TEST_F(ABrokerClient, StaysOnADaemonThatTakesNoStatistics)
{
    static_cast<void>(client.enrol());
    daemon.refuse = "org.aliasvm1.Error.WrongState";
    serve();
    ASSERT_TRUE(registered(2));
    loop.run_for(150ms);
    EXPECT_EQ(daemon.attempts, 1U);
    EXPECT_EQ(daemon.lost, 0);
}

TEST_F(ABrokerClient, AsksNothingOfAnybodyOnceItIsGone)
{
    std::optional<BrokerClient> brief;
    brief.emplace(
        loop, *VmName::from("vm"), [this] { return daemon.connect(); },
        BrokerClient::Pace{500ms, 1ms, 1ms});
    static_cast<void>(brief->enrol());
    bool asked = false;
    brief->serve(
        [&asked]
        {
            asked = true;
            return Presence{};
        },
        [](const auto&) {});
    brief.reset();
    EXPECT_TRUE(until([&] { return daemon.lost != 0; })) << "the daemon hears of it";
    loop.restart();
    loop.run_for(50ms);
    EXPECT_FALSE(asked);
    EXPECT_EQ(daemon.attempts, 1U);
}

std::string error_of_connecting(const std::string& path)
{
    try
    {
        static_cast<void>(control::connect_to_broker(path));
    }
    catch (const Error& error)
    {
        return error.what();
    }
    return "connected";
}

TEST(ConnectToBroker, SaysWhatToDoWhereNobodyListens)
{
    EXPECT_EQ(error_of_connecting("/nowhere/broker"),
              "connect to aliasvmd at /nowhere/broker (is aliasvmd.socket started?): No such file "
              "or directory");
    EXPECT_EQ(error_of_connecting(std::string(108, 'x')).substr(0, 26),
              "connect to aliasvmd at xxx");
}

TEST(ConnectToBroker, ReachesASocketBeforeItsDaemonAccepts)
{
    std::string folder = testing::TempDir() + "broker-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string path = folder + "/broker";
    const UniqueFd listening{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    // NOLINTNEXTLINE: bind(2) is declared so
    ASSERT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    ASSERT_EQ(::listen(listening.get(), 1), 0);
    EXPECT_TRUE(control::connect_to_broker(path).ok());
    ::unlink(path.c_str());
    ::rmdir(folder.c_str());
}

} // namespace
