// SPDX-License-Identifier: Apache-2.0
// Daemons and VMMs that come and go.
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "tests/unit/service/daemon_bench.hpp"

#include <chrono>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>

namespace aliasvm::service
{
namespace
{

TEST_F(ADaemon, BringsToRestWhatADeadVmHad)
{
    boot("left", {"ttc0"});
    devices_.at("ttc1", interrupt_enable) = 1;
    end("left");
    until([&] { return !devices_.bound_ones.contains("ttc1"); });
    EXPECT_EQ(devices_.at("ttc1", interrupt_enable), 0U);
    EXPECT_EQ(device_property("ttc1", "Owner"), "");
}

TEST_F(ADaemon, PowersOffTheVmWhoseMasterTheIommuStopped)
{
    devices_.has_iommu = true;
    write_config("left", "gem0 = \"gem1\"");
    service_->reload();
    boot("left", {"gem0"});
    boot("right");
    vmms_.at("left")->on_end = [this] { end("left"); };
    const std::uint32_t stream_of_gem1 = 0x875;
    service_->stop_for({"fd800000.smmu", stream_of_gem1 + 1, 0x1000, "another's"});
    EXPECT_EQ(machine_property("left", "State"), "running");
    service_->stop_for({"fd800000.smmu", stream_of_gem1, 0xdead000, "Unhandled context fault"});
    service_->stop_for({"fd800000.smmu", stream_of_gem1, 0xbeef000, "Unhandled context fault"});
    until([this] { return machine_property("left", "State") == "inactive"; });
    EXPECT_EQ(machine_property("left", "Result"),
              "iommu-fault: gem1, stream id 0x875, address 0xdead000");
    EXPECT_EQ(machine_property("right", "State"), "running");
    devices_.clear_transmit_status("gem1");
    boot("left", {"gem0"});
    EXPECT_EQ(machine_property("left", "Result"), "success");
}

TEST_F(ADaemon, WaitsUntilADyingProcessHasClosedItsDevice)
{
    boot("left", {"ttc0"});
    devices_.at("ttc1", interrupt_enable) = 1;
    vmms_.at("left")->lose_connection(); // and the process has it open still
    units_.set(*VmName::from("left"), "inactive");
    until([&] { return device_property("ttc1", "State") == "returning"; });
    EXPECT_EQ(devices_.at("ttc1", interrupt_enable), 1U) << "not ours to touch yet";
    devices_.elsewhere.erase("ttc1");
    until([&] { return !devices_.bound_ones.contains("ttc1"); });
    EXPECT_EQ(devices_.at("ttc1", interrupt_enable), 0U);
}

TEST_F(ADaemon, BringsToRestWhatAVmmSaidItLetGoOfAndKeptOpen)
{
    using namespace std::chrono_literals;
    FakeVmm& left = boot("left", {"ttc0"});
    boot("right");
    devices_.at("ttc1", interrupt_enable) = 1;
    // It replies and keeps the device; the move fails at that, and by then nobody is left to have
    // it back.
    left.on_detach = [&] { devices_.elsewhere["ttc1"] = "left"; };
    boost::asio::steady_timer gone{io_, 300ms};
    gone.async_wait([&](boost::system::error_code) { left.lose_connection(); });
    boost::asio::steady_timer closed{io_, 4s};
    closed.async_wait([&](boost::system::error_code) { devices_.elsewhere.erase("ttc1"); });
    EXPECT_THAT(assign("ttc1", "right", "ttc0"), testing::HasSubstr("step open"));
    EXPECT_EQ(devices_.at("ttc1", interrupt_enable), 0U);
}

TEST_F(ADaemon, DoesNotBringToRestTwiceWhatNobodyHadInBetween)
{
    boot("left", {"ttc0"});
    end("left");
    until([&] { return !devices_.bound_ones.contains("ttc1"); });
    devices_.at("ttc1", interrupt_enable) = 4; // as if something had come in
    boot("left", {"ttc0"});
    EXPECT_EQ(devices_.at("ttc1", interrupt_enable), 4U);
    end("left");
    until([&] { return !devices_.bound_ones.contains("ttc1"); });
    devices_.at("ttc1", interrupt_enable) = 4;
    kill_daemon(); // the next one cannot know
    start_daemon();
    boot("left", {"ttc0"});
    EXPECT_EQ(devices_.at("ttc1", interrupt_enable), 0U);
}

TEST_F(ADaemon, KeepsTheDevicesOfAVmThatIsBeingRestarted)
{
    boot("left", {"ttc0"});
    end("left", "activating");
    until([&] { return device_property("ttc1", "State") == "idle"; });
    EXPECT_TRUE(devices_.bound_ones.contains("ttc1"));
    EXPECT_EQ(boot("left", {"ttc0"}).holding.at("ttc0"), "ttc1");
}

TEST_F(ADaemon, BringsToRestWhatAVmHadThatDiedWithTheDaemonBefore)
{
    boot("left", {"ttc0"});
    devices_.at("ttc1", interrupt_enable) = 1;
    kill_daemon();
    vmms_.at("left")->die();
    units_.set(*VmName::from("left"), "deactivating"); // its ExecStopPost waits for the next daemon
    return_time_ = std::chrono::seconds{20};
    const auto begin = std::chrono::steady_clock::now();
    start_daemon();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, return_time_) << "nobody can come back";
    EXPECT_EQ(devices_.at("ttc1", interrupt_enable), 0U);
    EXPECT_EQ(device_property("ttc1", "State"), "idle");
    units_.set(*VmName::from("left"), "failed");
    until([&] { return !devices_.bound_ones.contains("ttc1"); });
}

TEST_F(ADaemon, PausesWithTheClockThatIsAskedFor)
{
    FakeVmm& right = boot("right");
    const auto pause = [&](auto... options)
    {
        bus::Message call = new_call(bus::machine_path(*VmName::from("right")),
                                     bus::machine_interface, "PauseWithOptions");
        call.append("a{sv}", options...);
        return answer(std::move(call));
    };
    EXPECT_THAT(pause(1, "time", "s", "flies"),
                testing::HasSubstr("\"stands\" and \"runs\" are possible"));
    EXPECT_THAT(pause(1, "time", "b", 1), testing::HasSubstr("is no string"));
    EXPECT_THAT(pause(1, "force", "b", 1),
                testing::HasSubstr("unknown option \"force\": there is time"));
    EXPECT_TRUE(right.calls.empty());
    EXPECT_EQ(pause(1, "time", "s", "runs"), "");
    EXPECT_THAT(pause(0), testing::HasSubstr("right is paused already"));
    EXPECT_EQ(machine("right", "Resume"), "");
    EXPECT_EQ(pause(1, "time", "s", "stands"), "");
    EXPECT_THAT(right.calls, testing::ElementsAre("pause, clock runs", "resume", "pause"));
}

TEST_F(ADaemon, SaysOfAVmThatGoesBeforeItAnswersThatItIsGone)
{
    FakeVmm& right = boot("right");
    right.silent = true;
    right.on_pause = [&] { boost::asio::post(io_, [&] { right.lose_connection(); }); };
    const std::string reply = machine("right", "Pause");
    EXPECT_TRUE(reply.starts_with(std::string{bus::error_name::wrong_state} + ":")) << reply;
    EXPECT_NE(reply.find("right is gone: \"journalctl -u vm@right\""), std::string::npos) << reply;
}

TEST_F(ADaemon, FindsTheTruthAgainWhenItIsRestarted)
{
    boot("left", {"ttc0"});
    boot("right");
    EXPECT_EQ(assign("ttc1", "right", "ttc0"), "");
    EXPECT_EQ(machine("right", "Pause"), "");
    const std::string before = snapshot();
    for (const auto& [name, vmm] : vmms_)
        vmm->lose_connection();
    kill_daemon();
    // They come back as soon as somebody accepts.
    come_back_ = {"left", "right"};
    return_time_ = std::chrono::seconds{20};
    try
    {
        start_daemon();
    }
    catch (const std::exception& error)
    {
        FAIL() << error.what();
    }
    EXPECT_EQ(snapshot(), before);
    EXPECT_EQ(machine_property("right", "State"), "paused");
}

TEST_F(ADaemon, CarriesOutWhatItsPredecessorHadOnlyNoted)
{
    FakeVmm& left = boot("left", {"ttc0"});
    FakeVmm& right = boot("right");
    // As if it had been killed between the record and the first step.
    left.lose_connection();
    right.lose_connection();
    kill_daemon();
    std::ofstream{folder_ / "run/assignments.toml"}
        << "[left]\nttc0 = \"\"\n[right]\nttc0 = \"ttc1\"\n";
    start_daemon();
    for (FakeVmm* const vmm : {&left, &right})
    {
        next_identity_ = vmm == &left ? "left" : "right";
        run(vmm->connect(folder_ / "run/broker"));
    }
    until([&] { return right.holding.contains("ttc0"); });
    EXPECT_TRUE(left.holding.empty());
    EXPECT_EQ(device_property("ttc1", "Owner"), "right");
}

TEST_F(ADaemon, ReleasesWhatAPredecessorLeftBound)
{
    kill_daemon();
    devices_.bound_ones.insert("ttc2");
    devices_.at("ttc2", interrupt_enable) = 1;
    start_daemon();
    EXPECT_FALSE(devices_.bound_ones.contains("ttc2"));
    EXPECT_EQ(devices_.at("ttc2", interrupt_enable), 0U);
}

TEST_F(ADaemon, RefusesAPeerThatClaimsAnotherVmsName)
{
    boot("left", {"ttc0"});
    auto thief = std::make_shared<FakeVmm>(io_, devices_, *VmName::from("third"));
    next_identity_ = "third";
    run(thief->connect(folder_ / "run/broker"));
    try
    {
        run(thief->claim("left"));
        FAIL() << "believed";
    }
    catch (const bus::NamedError& error)
    {
        EXPECT_EQ(error.name(), bus::error_name::access_denied);
    }
    EXPECT_EQ(device_property("ttc1", "Owner"), "left");
    thief->die();
}

TEST_F(ADaemon, DoesNotBelieveThatAVmmHasWhatIsTheHosts)
{
    boot("right");
    auto liar = std::make_shared<FakeVmm>(io_, devices_, *VmName::from("third"));
    liar->holding["ttc0"] = "ttc2"; // which vfio-platform does not have
    next_identity_ = "third";
    run(liar->connect(folder_ / "run/broker"));
    EXPECT_EQ(device_property("ttc2", "Owner"), "");
    liar->die();
    EXPECT_EQ(assign("ttc2", "right", "ttc0"), "") << "at once: there is nothing to come back";
}

TEST_F(ADaemon, DoesNotRegisterAVmmThatHasWhatThereIsNot)
{
    units_.set(*VmName::from("third"), "active");
    auto odd = std::make_shared<FakeVmm>(io_, devices_, *VmName::from("third"));
    odd->holding["ttc0"] = "ttc77";
    next_identity_ = "third";
    EXPECT_THROW(run(odd->connect(folder_ / "run/broker")), bus::NamedError);
    EXPECT_EQ(machine_property("third", "State"), "starting") << "no VMM of its has registered";
    odd->die();
}

TEST_F(ADaemon, HasADevicesPropertiesWhereTheKernelCountsNoInterrupts)
{
    auto all = new_call(bus::device_path("ttc1"), "org.freedesktop.DBus.Properties", "GetAll");
    all.append("s", bus::device_interface);
    EXPECT_NE(answer(std::move(all)).find("(IrqCount 0)"), std::string::npos);
}

TEST_F(ADaemon, DropsAVmmThatDoesNotAnswerAndHearsTheTruthFromItLater)
{
    FakeVmm& left = boot("left", {"ttc0"});
    FakeVmm& right = boot("right");
    left.silent = true;
    const std::string reply = assign("ttc1", "right", "ttc0");
    EXPECT_NE(reply.find("step detach"), std::string::npos) << reply;
    EXPECT_TRUE(right.holding.empty());
    left.silent = false;
    left.lose_connection();
    next_identity_ = "left";
    run(left.connect(folder_ / "run/broker"));
    EXPECT_EQ(device_property("ttc1", "Owner"), "left");
}

} // namespace
} // namespace aliasvm::service
