// SPDX-License-Identifier: Apache-2.0
// Instances that change hands between VMMs, seen over D-Bus.
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "tests/unit/service/daemon_bench.hpp"

#include <cerrno>

namespace aliasvm::service
{
namespace
{

// TTC registers (UG1087): what a quiesce changes.
constexpr std::uint32_t clock_control = 0x00;
constexpr std::uint32_t counter_control = 0x0c;
constexpr std::uint32_t interval = 0x24;
constexpr std::uint32_t stopped = 0x21;

TEST_F(ADaemon, GivesAVmmWhatItsConfigurationNames)
{
    FakeVmm& left = boot("left", {"ttc0"});
    EXPECT_EQ(left.holding.at("ttc0"), "ttc1");
    EXPECT_EQ(device_property("ttc1", "Owner"), "left");
    EXPECT_EQ(device_property("ttc1", "Alias"), "ttc0");
    EXPECT_EQ(device_property("ttc1", "State"), "assigned");
    EXPECT_EQ(devices_.at("ttc1", counter_control), stopped) << "at rest before it is handed over";
}

TEST_F(ADaemon, MovesAnInstanceFromOneRunningVmToAnother)
{
    FakeVmm& left = boot("left", {"ttc0"});
    FakeVmm& right = boot("right");
    devices_.at("ttc1", interrupt_enable) = 1;
    EXPECT_EQ(assign("ttc1", "right", "ttc0"), "");
    EXPECT_EQ(left.calls, std::vector<std::string>{"detach ttc0"});
    EXPECT_EQ(right.calls, std::vector<std::string>{"attach ttc0 ttc1"});
    EXPECT_EQ(devices_.at("ttc1", interrupt_enable), 0U) << "quiesced in between";
    EXPECT_EQ(device_property("ttc1", "Owner"), "right");
    EXPECT_EQ(machine_property("left", "Aliases").find("ttc1"), std::string::npos);
    EXPECT_NE(machine_property("right", "Aliases").find("(ttc0 ttc1 instance"), std::string::npos);
    EXPECT_NE(machine_property("left", "Statistics").find("(last_pause_usec 34)"),
              std::string::npos);
}

TEST_F(ADaemon, LeavesEverythingAsBeforeWhicheverStepFails)
{
    boot("left", {"ttc0"});
    boot("right");
    devices_.at("ttc1", clock_control) = 7;
    devices_.at("ttc1", interval) = 1234;
    devices_.at("ttc1", counter_control) = 0x02;
    devices_.at("ttc1", interrupt_enable) = 1;
    const std::string before = snapshot();
    for (const char* const step :
         {"check", "record", "persist", "detach", "open", "quiesce", "attach", "commit"})
    {
        faults_.at = step;
        const std::string reply = assign("ttc1", "right", "ttc0", {"persistent"});
        EXPECT_NE(reply.find("org.aliasvm1.Error.StepFailed"), std::string::npos) << reply;
        EXPECT_NE(reply.find(std::string{"step "} + step), std::string::npos) << reply;
        EXPECT_NE(reply.find("everything is as before"), std::string::npos) << reply;
        EXPECT_EQ(snapshot(), before) << "after a failure of " << step;
    }
    faults_.at.clear();
    EXPECT_EQ(assign("ttc1", "right", "ttc0", {"persistent"}), "");
}

TEST_F(ADaemon, LeavesEverythingAsBeforeWhenAVmmRefuses)
{
    FakeVmm& left = boot("left", {"ttc0"});
    FakeVmm& right = boot("right");
    const std::string before = snapshot();
    left.refuse_next = "Detach";
    EXPECT_NE(assign("ttc1", "right", "ttc0").find("step detach"), std::string::npos);
    EXPECT_EQ(snapshot(), before);
    right.refuse_next = "Attach";
    EXPECT_NE(assign("ttc1", "right", "ttc0").find("step attach"), std::string::npos);
    EXPECT_EQ(snapshot(), before);
}

TEST_F(ADaemon, LeavesEverythingAsBeforeWhenTheHostRefuses)
{
    boot("right");
    const std::string before = snapshot();
    devices_.bind_error = EIO;
    EXPECT_NE(assign("ttc2", "right", "ttc0").find("step bind"), std::string::npos);
    devices_.bind_error = 0;
    devices_.open_error = EIO;
    EXPECT_NE(assign("ttc2", "right", "ttc0").find("step open"), std::string::npos);
    devices_.open_error = 0;
    EXPECT_EQ(snapshot(), before);
}

TEST_F(ADaemon, GivesAnInstanceBackWhenItsNextVmDiesDuringTheMove)
{
    FakeVmm& left = boot("left", {"ttc0"});
    FakeVmm& right = boot("right");
    left.on_detach = [&] { right.lose_connection(); };
    const std::string reply = assign("ttc1", "right", "ttc0");
    EXPECT_NE(reply.find("step attach: right is gone; everything is as before"), std::string::npos)
        << reply;
    EXPECT_EQ(device_property("ttc1", "Owner"), "left");
    EXPECT_EQ(left.holding.at("ttc0"), "ttc1");
}

TEST_F(ADaemon, SaysSoWhenItCannotUndo)
{
    FakeVmm& left = boot("left", {"ttc0"});
    boot("right");
    faults_.at = "attach";
    left.refuse_next = "Attach";
    const std::string reply = assign("ttc1", "right", "ttc0");
    EXPECT_NE(reply.find("NOT as before: give it back to left"), std::string::npos) << reply;
    EXPECT_EQ(device_property("ttc1", "Owner"), "");
}

TEST_F(ADaemon, RemembersAnAssignmentToAVmThatIsNotRunning)
{
    FakeVmm& left = boot("left", {"ttc0"});
    EXPECT_EQ(assign("ttc1", "right", "ttc0"), "");
    EXPECT_TRUE(left.holding.empty());
    EXPECT_EQ(device_property("ttc1", "State"), "absent") << "sysfs of the test is empty";
    EXPECT_FALSE(devices_.bound_ones.contains("ttc1")) << "the host's until it starts";
    FakeVmm& right = boot("right", {"ttc0"});
    EXPECT_EQ(right.bindings.at("ttc0"), "ttc1");
    EXPECT_EQ(right.holding.at("ttc0"), "ttc1");
    end("right");
    kill_daemon();
    start_daemon();
    EXPECT_NE(machine_property("right", "Aliases").find("ttc1"), std::string::npos);
}

TEST_F(ADaemon, WritesAPersistentAssignmentIntoTheFilesOfBoth)
{
    boot("left", {"ttc0"});
    boot("right");
    EXPECT_EQ(assign("ttc1", "right", "ttc0", {"persistent"}), "");
    EXPECT_NE(read_config("left").find("ttc0 = \"\"\n"), std::string::npos);
    EXPECT_NE(read_config("right").find("ttc0 = \"ttc1\"\n"), std::string::npos);
    EXPECT_NE(read_config("right").find("# stays"), std::string::npos);
}

TEST_F(ADaemon, TakesAnInstanceFromItsVmOnRelease)
{
    FakeVmm& left = boot("left", {"ttc0"});
    EXPECT_EQ(release("ttc1"), "");
    EXPECT_TRUE(left.holding.empty());
    EXPECT_FALSE(devices_.bound_ones.contains("ttc1"));
    EXPECT_EQ(device_property("ttc1", "Owner"), "");
    EXPECT_EQ(assign("ttc1", "left", "ttc0"), "") << "and gives it again";
    EXPECT_EQ(left.holding.at("ttc0"), "ttc1");
}

TEST_F(ADaemon, KnowsAFileThatWasWrittenTheMomentBefore)
{
    const auto checked = [this](const char* name)
    {
        auto call = new_call(bus::root_path, bus::manager_interface, "Check");
        call.append("s", name);
        return answer(std::move(call));
    };
    const std::string unknown = "org.aliasvm1.Error.NoSuchMachine:";
    EXPECT_TRUE(checked("newer").starts_with(unknown));
    write_config("newer", "ttc0 = \"\"");
    EXPECT_NE(checked("newer").find("/no/such/kernel"), std::string::npos) << "nobody told it";
    EXPECT_EQ(machine_property("newer", "State"), "inactive");
    write_config("aliasvmd", "ttc0 = \"\"");
    EXPECT_TRUE(checked("aliasvmd").starts_with(unknown)) << "the daemon's own file";
}

TEST_F(ADaemon, RefusesByName)
{
    boot("left", {"ttc0"});
    boot("right");
    const auto refused = [](const std::string& reply, const char* name)
    { return reply.starts_with(std::string{"org.aliasvm1.Error."} + name + ":"); };
    EXPECT_TRUE(refused(assign("ttc1", "nobody", "ttc0"), "NoSuchMachine"));
    EXPECT_TRUE(refused(assign("ttc1", "right", "ttc7"), "NoSuchAlias"));
    EXPECT_TRUE(refused(assign("ttc1", "right", "uart0"), "AliasMismatch"));
    EXPECT_TRUE(refused(assign("can1", "right", "ttc0"), "NoSuchDevice")) << "not on this host";
    EXPECT_EQ(assign("ttc0", "right", "ttc0"), "");
    EXPECT_TRUE(refused(assign("ttc1", "right", "ttc0"), "AliasInUse"));
    devices_.drivers["ttc2"] = "ttc-driver";
    EXPECT_EQ(release("ttc0"), "");
    const std::string held = assign("ttc2", "right", "ttc0");
    EXPECT_TRUE(refused(held, "HeldByDriver")) << held;
    EXPECT_NE(held.find("ttc-driver"), std::string::npos) << held;
    EXPECT_EQ(assign("ttc2", "right", "ttc0", {"force"}), "");
    const std::string blocked = assign("uart1", "left", "uart0");
    EXPECT_NE(blocked.find("does not come to rest"), std::string::npos) << blocked;
    EXPECT_TRUE(refused(machine("third", "Pause"), "WrongState"));
    EXPECT_TRUE(refused(machine("right", "Resume"), "WrongState"));
    EXPECT_TRUE(refused(machine("third", "Start"), "BadConfiguration"));
    bus::Message bad = new_call(bus::device_path("ttc1"), bus::device_interface, "Assign");
    bad.append("ss", "right", "ttc0").append("a{sv}", 1, "forever", "b", 1);
    EXPECT_NE(answer(std::move(bad)).find("unknown option \"forever\""), std::string::npos);
}

TEST_F(ADaemon, TellsByNameWhatKeepsTheHostFromGivingADevice)
{
    boot("right");
    const auto name_of = [](const std::string& reply) { return reply.substr(0, reply.find(':')); };
    devices_.group_not_viable = true;
    const std::string reply = assign("ttc2", "right", "ttc0");
    EXPECT_EQ(name_of(reply), "org.aliasvm1.Error.GroupNotViable");
    EXPECT_NE(reply.find("ff0e0000.ethernet (macb)"), std::string::npos) << reply;
    devices_.group_not_viable = false;
    devices_.open_error = ENODEV;
    EXPECT_EQ(name_of(assign("ttc2", "right", "ttc0")), "org.aliasvm1.Error.NoIommu");
    devices_.open_error = 0;
    devices_.elsewhere["ttc2"] = "some process";
    EXPECT_EQ(name_of(assign("ttc2", "right", "ttc0")), "org.aliasvm1.Error.DeviceBusy");
    EXPECT_FALSE(devices_.bound_ones.contains("ttc2"));
}

TEST_F(ADaemon, SaysWhoHasADeviceThatAStartingVmWants)
{
    boot("left", {"ttc0"});
    write_config("third", "ttc0 = \"ttc1\"");
    service_->reload();
    try
    {
        boot("third", {"ttc0"});
        FAIL() << "got what left has";
    }
    catch (const bus::NamedError& error)
    {
        EXPECT_EQ(error.name(), bus::error_name::device_busy);
        EXPECT_NE(std::string{error.what()}.find("left"), std::string::npos);
    }
}

} // namespace
} // namespace aliasvm::service
