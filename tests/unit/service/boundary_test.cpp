// SPDX-License-Identifier: Apache-2.0
// What neither a hostile VMM nor an edited file may do to a VM that runs.
#include "common/bus/error.hpp"
#include "tests/unit/service/daemon_bench.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace aliasvm::service
{
namespace
{

using testing::HasSubstr;
using testing::IsEmpty;

class Boundary : public ADaemon
{
protected:
    void turn(int times)
    {
        for (int i = 0; i < times; ++i)
            turn_loops();
    }

    /// The daemon dies; these VMMs, in this order, are back while the next one starts.
    void restart_with(const std::vector<std::string>& names)
    {
        for (const std::string& name : names)
            vmms_.at(name)->lose_connection();
        kill_daemon();
        come_back_ = names;
        start_daemon();
        turn(100);
    }

    [[nodiscard]] UniqueFd idle_connection() const
    {
        UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = folder_ / "run/broker";
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        EXPECT_EQ(
            ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
        return socket;
    }
};

TEST_F(Boundary, AFileEditedForTheNextStartTakesNothingFromAGuest)
{
    FakeVmm& left = boot("left", {"ttc0"});
    write_config("left", "ttc0 = \"\"\nuart0 = \"\"");
    service_->reload();
    turn(50);
    restart_with({"left"});
    EXPECT_THAT(left.calls, IsEmpty());
    EXPECT_EQ(device_property("ttc1", "Owner"), "left");
}

TEST_F(Boundary, NorDoesATypo)
{
    FakeVmm& left = boot("left", {"ttc0"});
    write_config("left", "ttc0 = = oops");
    service_->reload();
    turn(50);
    restart_with({"left"});
    EXPECT_THAT(left.calls, IsEmpty());
    EXPECT_EQ(device_property("ttc1", "Owner"), "left");
}

TEST_F(Boundary, NorDoesAFileThatIsGone)
{
    FakeVmm& left = boot("left", {"ttc0"});
    std::filesystem::remove(folder_ / "etc/left.toml");
    service_->reload();
    turn(50);
    restart_with({"left"});
    EXPECT_THAT(left.calls, IsEmpty());
    EXPECT_EQ(device_property("ttc1", "Owner"), "left");
}

TEST_F(Boundary, AMoveWithinOneMachineIsWrittenAsOneText)
{
    write_config("left", "ttc0 = \"ttc1\"\nttc1 = \"\"");
    service_->reload();
    boot("left", {"ttc0"});
    EXPECT_EQ(assign("ttc1", "left", "ttc1", {"persistent"}), "");
    EXPECT_THAT(read_config("left"), HasSubstr("ttc0 = \"\"\nttc1 = \"ttc1\"\n"));
}

TEST_F(Boundary, AVmmCannotClaimWhatAnotherGivesBack)
{
    FakeVmm& left = boot("left", {"ttc0"});
    FakeVmm& right = boot("right");
    left.lose_connection(); // its process still has ttc1 open
    until([&] { return device_property("ttc1", "State") == "returning"; });
    right.holding["ttc0"] = "ttc1";
    next_identity_ = "right";
    run(right.claim("right"));
    turn(50);
    EXPECT_EQ(device_property("ttc1", "Owner"), "");
    left.die();
    until([&] { return device_property("ttc1", "State") != "returning"; });
    EXPECT_EQ(device_property("ttc1", "Owner"), "");
}

TEST_F(Boundary, AVmmCannotClaimWhatAnotherHasAfterARestart)
{
    boot("left", {"ttc0"});
    FakeVmm& right = boot("right");
    right.holding["ttc0"] = "ttc1";
    restart_with({"right", "left"});
    EXPECT_EQ(device_property("ttc1", "Owner"), "left");
}

TEST_F(Boundary, AVmmCannotClaimItsOwnUnderAnotherName)
{
    FakeVmm& left = boot("left", {"ttc0"});
    left.holding = {{"uart0", "ttc1"}};
    restart_with({"left"});
    EXPECT_EQ(device_property("ttc1", "Owner"), "");
}

TEST_F(Boundary, AVmmThatRefusedADeviceCannotClaimItLater)
{
    FakeVmm& left = boot("left", {"ttc0"});
    FakeVmm& right = boot("right");
    left.die(); // its unit is up, so the daemon keeps what it will ask for
    until([&] { return device_property("ttc1", "State") == "idle"; });
    right.refuse_next = "Attach";
    EXPECT_THAT(assign("ttc1", "right", "ttc0"), HasSubstr("refused by the test"));
    right.holding["ttc0"] = "ttc1";
    restart_with({"right"});
    EXPECT_EQ(device_property("ttc1", "Owner"), "");
}

TEST_F(Boundary, WhoCameBackFromADaemonThatWroteNothingDownIsBelieved)
{
    boot("left", {"ttc0"});
    std::filesystem::remove(folder_ / "run/given.toml");
    restart_with({"left"});
    EXPECT_EQ(device_property("ttc1", "Owner"), "left");
}

TEST_F(Boundary, ForceIsRememberedForAStoppedVm)
{
    devices_.drivers["ttc2"] = "ttc-driver";
    EXPECT_EQ(assign("ttc2", "right", "ttc0", {"force"}), "");
    EXPECT_EQ(devices_.drivers["ttc2"], "ttc-driver") << "it does not run yet";
    restart_with({});
    FakeVmm& right = boot("right", {"ttc0"});
    EXPECT_EQ(right.holding["ttc0"], "ttc2");
    EXPECT_EQ(assign("ttc2", "third", "ttc0"), "");
    EXPECT_EQ(release("ttc2"), "");
}

TEST_F(Boundary, AFailedAcquireGivesTheDeviceBack)
{
    devices_.open_error = EIO;
    EXPECT_THROW(boot("left", {"ttc0"}), bus::NamedError);
    EXPECT_FALSE(devices_.bound_ones.contains("ttc1"));
}

TEST_F(Boundary, WhatMustBeRefusedDisturbsNobody)
{
    FakeVmm& left = boot("left", {"ttc0"});
    write_config("right", "ttc0 = \"console\"");
    service_->reload();
    boot("right");
    EXPECT_THAT(assign("ttc1", "right", "ttc0"), HasSubstr("ttc0 of right is its console"));
    EXPECT_THAT(left.calls, IsEmpty());
}

TEST_F(Boundary, IdleConnectionsOfOneVmKeepNobodyOut)
{
    next_identity_ = "right";
    std::vector<UniqueFd> held;
    for (int i = 0; i < 64; ++i)
    {
        held.push_back(idle_connection());
        turn(5);
    }
    EXPECT_EQ(boot("left", {"ttc0"}).holding["ttc0"], "ttc1");
}

TEST_F(Boundary, WhoConnectsAnewTakesThePlaceOfItsOlderConnection)
{
    FakeVmm& left = boot("left", {"ttc0"});
    next_identity_ = "left";
    const UniqueFd second = idle_connection();
    until([&] { return device_property("ttc1", "State") == "returning"; });
    run(left.connect(folder_ / "run/broker"));
    EXPECT_EQ(device_property("ttc1", "Owner"), "left") << "it never let go of it";
}

} // namespace
} // namespace aliasvm::service
