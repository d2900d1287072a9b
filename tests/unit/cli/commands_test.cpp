// SPDX-License-Identifier: Apache-2.0
// What a user types, what aliasvmd is asked then, and what the user reads.
#include "fake_daemon.hpp"
#include "run_cli.hpp"
#include "temporary_folder.hpp"

#include "tests/fakes/private_bus.hpp"
#include "tests/unit/machine/open_folder.hpp"

#include "common/bus/names.hpp"
#include "common/fdt/reader.hpp"

#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::cli
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Commands : public testing::Test
{
protected:
    Outcome run(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.begin(), {"--bus", bus_.address()});
        return run_cli(arguments);
    }

    fakes::PrivateBus bus_;
    FakeDaemon daemon_{bus_.address()};
};

TEST_F(Commands, ListShowsEachVmWithWhatIsBehindItsAliases)
{
    daemon_.serve();
    const Outcome outcome = run({"list"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out,
              "NAME    STATE               VCPUS  MEMORY  ALIASES\n"
              "broken  failed (exit-code)  0      0\n"
              "con     inactive            1      4097    uart0=console\n"
              "left    running             1      128M    uart0=uart0 gpio=power-key\n"
              "right   running             2      64M     uart0=uart1 gem0=gem3 ttc0=nothing "
              "gpio=power-key\n");
    EXPECT_EQ(outcome.err, "");
}

TEST_F(Commands, DevicesShowsThoseOfThisHostWithBothNumbersOfEachInterrupt)
{
    daemon_.serve();
    const Outcome outcome = run({"devices"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out,
              "DEVICE  STATE      VM     ALIAS  DRIVER         GROUP      HOST\n"
              "gem3    assigned   right  gem0   vfio-platform  7          ff0e0000.ethernet "
              "0xff0e0000+0x1000 SPI 63 INTID 95 SPI 64 INTID 96\n"
              "sdhci1  host       -      -      sdhci-arasan   -          ff170000.mmc "
              "0xff170000+0x1000 SPI 49 INTID 81\n"
              "ttc0    available  -      -      -              -          ff110000.timer "
              "0xff110000+0x1000 SPI 36 INTID 68\n"
              "ttc1    blocked    -      -      -              -          ff120000.timer "
              "0xff120000+0x1000 SPI 39 INTID 71\n"
              "uart0   assigned   left   uart0  vfio-platform  noiommu-0  ff000000.serial "
              "0xff000000+0x1000 SPI 21 INTID 53\n"
              "uart1   assigned   right  uart0  vfio-platform  noiommu-1  ff010000.serial "
              "0xff010000+0x1000 SPI 22 INTID 54\n");
}

TEST_F(Commands, DevicesShowsAbsentOnesOnlyWhenAsked)
{
    daemon_.serve();
    EXPECT_EQ(run({"devices", "--names"}).out, "gem3\nsdhci1\nttc0\nttc1\nuart0\nuart1\n");
    EXPECT_EQ(run({"devices", "--names", "--all"}).out,
              "can0\ngem3\nsdhci1\nttc0\nttc1\nuart0\nuart1\n");
    EXPECT_THAT(run({"devices", "--all"}).out, HasSubstr("can0    absent"));
}

TEST_F(Commands, NamesAreBareForCompletion)
{
    daemon_.serve();
    EXPECT_EQ(run({"list", "--names"}).out, "broken\ncon\nleft\nright\n");
    EXPECT_EQ(run({"map", "right", "--names"}).out, "uart0\ngem0\nttc0\ngpio\n");
}

TEST_F(Commands, JsonHasEveryPropertyOfAVm)
{
    daemon_.inventory.machines = {sample_inventory().machines[1]};
    daemon_.inventory.machines[0].aliases.resize(3);
    daemon_.inventory.machines[0].aliases.erase(daemon_.inventory.machines[0].aliases.begin() + 1);
    daemon_.inventory.machines[0].aliases[1].lines.erase(
        daemon_.inventory.machines[0].aliases[1].lines.begin() + 1,
        daemon_.inventory.machines[0].aliases[1].lines.end());
    daemon_.serve();
    EXPECT_EQ(run({"list", "--json"}).out,
              R"({"machines":[{"name":"right","state":"running","result":"success",)"
              R"("unit":"vm@right.service","leader":102,"vcpus":2,"memory":67108864,)"
              R"("config":"/etc/aliasvm/right.toml","aliases":[)"
              R"({"alias":"uart0","backing":"instance","instance":"uart1","windows":[)"
              R"({"guest":4278190080,"host":4278255616,"size":4096}],"interrupts":[)"
              R"({"guest":{"spi":21,"intid":53},"host":{"spi":22,"intid":54}}]},)"
              R"({"alias":"ttc0","backing":"none","instance":null,"windows":[)"
              R"({"guest":4279304192,"host":null,"size":4096}],"interrupts":[)"
              R"({"guest":{"spi":36,"intid":68},"host":null}]}],)"
              R"("statistics":{"exits":7000,"mmio_exit_kernel":600,"mmio_exit_user":20}}]})"
              "\n");
}

TEST_F(Commands, JsonHasEveryPropertyOfADevice)
{
    daemon_.inventory.devices.resize(1);
    daemon_.inventory.devices[0].interrupts = 42;
    daemon_.serve();
    EXPECT_EQ(run({"devices", "--json"}).out,
              R"({"devices":[{"name":"uart1","sysname":"ff010000.serial","state":"assigned",)"
              R"("machine":"right","alias":"uart0","driver":"vfio-platform","group":"noiommu-1",)"
              R"("compatible":["xlnx,zynqmp-uart","cdns,uart-r1p12"],)"
              R"("regions":[{"base":4278255616,"size":4096}],)"
              R"("interrupts":[{"spi":22,"intid":54}],"interrupt_count":42}]})"
              "\n");
}

TEST_F(Commands, LifeCycleCommandsAskForWhatTheyAreCalled)
{
    daemon_.serve();
    for (const auto& line : std::vector<std::vector<std::string>>{{"start", "left", "right"},
                                                                  {"stop", "left"},
                                                                  {"stop", "--now", "right"},
                                                                  {"reset", "left"},
                                                                  {"pause", "left"},
                                                                  {"pause", "--time=runs", "left"},
                                                                  {"resume", "left"}})
    {
        const Outcome outcome = run(line);
        EXPECT_EQ(outcome.status, 0) << line[0] << ": " << outcome.err;
        EXPECT_EQ(outcome.out + outcome.err, "") << line[0];
    }
    EXPECT_THAT(daemon_.calls(),
                ElementsAre("StartMachine left", "StartMachine right", "StopMachine left",
                            "PowerOff right", "Reset left", "Pause left",
                            "PauseWithOptions left time=runs", "Resume left"));
    EXPECT_NE(run({"pause", "--time=flies", "left"}).status, 0);
    EXPECT_EQ(daemon_.calls().size(), 8U);
}

TEST_F(Commands, AssignPassesOnOnlyTheOptionsThatWereGiven)
{
    daemon_.serve();
    EXPECT_EQ(run({"assign", "uart1", "right", "uart0"}).status, 0);
    EXPECT_EQ(run({"assign", "uart1", "left", "uart0", "--persistent", "--force"}).status, 0);
    EXPECT_EQ(run({"release", "uart1"}).status, 0);
    EXPECT_EQ(run({"release", "--persistent", "uart1"}).status, 0);
    EXPECT_THAT(daemon_.calls(),
                ElementsAre("Assign uart1 right uart0", "Assign uart1 left uart0 persistent force",
                            "Release uart1", "Release uart1 persistent"));
}

TEST_F(Commands, ADeviceCanBeCalledByItsNameInSysfs)
{
    daemon_.serve();
    EXPECT_EQ(run({"release", "ff010000.serial"}).status, 0);
    EXPECT_THAT(daemon_.calls(), ElementsAre("Release uart1"));
}

TEST_F(Commands, TheOthersAreStartedThoughOneFails)
{
    daemon_.failures["StopMachine"] = {bus::error_name::no_such_machine, "no machine x"};
    daemon_.serve();
    const Outcome outcome = run({"stop", "one", "two"});
    EXPECT_EQ(outcome.status, 3);
    EXPECT_THAT(daemon_.calls(), ElementsAre("StopMachine one", "StopMachine two"));
    EXPECT_EQ(outcome.err, "aliasvm: no machine x; \"aliasvm list\" shows those that there are\n"
                           "aliasvm: no machine x; \"aliasvm list\" shows those that there are\n");
}

TEST_F(Commands, TheDeviceTreeGoesToStdoutOrToAFileByteForByte)
{
    daemon_.serve();
    const std::string blob{"\xd0\x0d\0\xed", 4};
    EXPECT_EQ(run({"dump-dtb", "left"}).out, blob);
    const TemporaryFolder folder;
    const std::string file = (folder.path() / "left.dtb").string();
    const Outcome outcome = run({"dump-dtb", "left", "-o", file});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::filesystem::file_size(file), blob.size());
    const Outcome denied = run({"dump-dtb", "left", "-o", "/nonexistent/left.dtb"});
    EXPECT_EQ(denied.status, 1);
    EXPECT_EQ(denied.err, "aliasvm: create /nonexistent/left.dtb: No such file or directory\n");
}

TEST_F(Commands, TheDeviceTreeOfAVmThatDoesNotRunIsTheOneThatItWouldGet)
{
    const tests::OpenFolder folder;
    const std::string kernel = folder.write("kernel.bin", std::string(64, '\0'));
    const auto configure = [&](const std::string& memory)
    {
        daemon_.inventory.machines.at(2).config_path = folder.write(
            "con.toml", "memory = \"" + memory + "\"\nkernel = \"" + kernel +
                            "\"\n[alias]\nuart0 = \"uart0\"\nttc0 = \"ttc0\"\nttc1 = \"ttc1\"\n");
    };
    // As aliasvmd says what is behind them.
    daemon_.inventory.machines.at(2).aliases = {{"uart0", "uart1", "instance", {}, {}},
                                                {"ttc0", "", "none", {}, {}}};
    daemon_.failures["DumpDeviceTree"] = {bus::error_name::wrong_state, "con is inactive"};
    configure("64M");
    daemon_.serve();
    const Outcome outcome = run({"dump-dtb", "con"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "aliasvm: con does not run; this is the tree that it would get, but for "
                           "what only its start knows: rng-seed, clock rates of the host\n");
    const auto characters = std::as_bytes(std::span{outcome.out});
    const std::vector<std::byte> blob{characters.begin(), characters.end()};
    const fdt::Tree tree{blob, "that it would get"};
    EXPECT_TRUE(tree.find("/axi/serial@ff000000"));
    EXPECT_EQ(tree.find("/memory@0")->reg().at(0).size, 64U << 20);

    configure("63.5M");
    const Outcome bad = run({"dump-dtb", "con"});
    EXPECT_EQ(bad.status, 78);
    EXPECT_EQ(bad.out, "");
    EXPECT_THAT(bad.err, HasSubstr("con.toml:1:10: "));
}

struct Answer
{
    const char* error;
    int status;
    const char* err; ///< after "aliasvm: what happened"
};

class Answers : public Commands, public testing::WithParamInterface<Answer>
{
};

TEST_P(Answers, BecomeAnExitCodeAndTheirOwnWords)
{
    daemon_.failures["StartMachine"] = {GetParam().error, "what happened"};
    daemon_.serve();
    const Outcome outcome = run({"start", "left"});
    EXPECT_EQ(outcome.status, GetParam().status);
    EXPECT_EQ(outcome.err, std::string{"aliasvm: what happened"} + GetParam().err + '\n');
    EXPECT_EQ(outcome.out, "");
}

constexpr const char* be_root = "; run it as root, or let polkit allow it to you";

INSTANTIATE_TEST_SUITE_P(
    OfTheDaemon, Answers,
    testing::Values(
        Answer{bus::error_name::no_such_machine, 3,
               "; \"aliasvm list\" shows those that there are"},
        Answer{bus::error_name::no_such_device, 3, ""},
        Answer{bus::error_name::no_such_alias, 3, ""},
        Answer{"org.freedesktop.DBus.Error.AccessDenied", 4, be_root},
        Answer{"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", 4, be_root},
        Answer{bus::error_name::bad_configuration, 78,
               "; \"aliasvm check NAME\" shows every problem"},
        Answer{bus::error_name::device_busy, 1, ""}, Answer{bus::error_name::start_failed, 1, ""},
        Answer{bus::error_name::wrong_state, 1, ""}, Answer{"org.example.Error.Unheard", 1, ""},
        Answer{"org.freedesktop.DBus.Error.NoReply", 1, "; see \"journalctl -u aliasvmd\""},
        Answer{"org.freedesktop.DBus.Error.UnknownMethod", 1,
               "; aliasvm and aliasvmd are of different versions: install both of one"}),
    [](const auto& each)
    {
        const std::string name = each.param.error;
        return name.substr(name.rfind('.') + 1);
    });

TEST_F(Commands, AnUnknownVmIsSaidToBeSoWithoutTheDaemonsHelp)
{
    daemon_.serve();
    for (const std::string name : {"middle", "no such name"})
    {
        const Outcome outcome = run({"reset", name});
        EXPECT_EQ(outcome.status, 3);
        EXPECT_EQ(outcome.err, "aliasvm: there is no VM \"" + name +
                                   "\"; \"aliasvm list\" shows those that there are\n");
    }
    EXPECT_EQ(run({"map", "rihgt"}).err,
              "aliasvm: there is no VM \"rihgt\"; did you mean \"right\"?\n");
    const Outcome release = run({"release", "uart11"});
    EXPECT_EQ(release.status, 3);
    EXPECT_EQ(release.err, "aliasvm: there is no device \"uart11\"; did you mean \"uart1\"?\n");
}

TEST_F(Commands, ADaemonOfAnotherVersionIsNotMisread)
{
    daemon_.other_version = true;
    daemon_.serve();
    const Outcome list = run({"list"});
    EXPECT_EQ(list.status, 1);
    EXPECT_EQ(list.err, "aliasvm: aliasvmd answers in another form than expected: property Memory "
                        "is \"s\", not \"t\"; aliasvm and aliasvmd are of different versions: "
                        "install both of one\n");
    const Outcome start = run({"start", "left"});
    EXPECT_EQ(start.status, 1);
    EXPECT_THAT(start.err, HasSubstr("install both of one"));
}

TEST_F(Commands, WithoutADaemonItIsSaidHowToStartIt)
{
    const Outcome outcome = run({"list"}); // the bus is there, nobody serves
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, StartsWith("aliasvm: aliasvmd does not run and was not started: "));
    EXPECT_THAT(outcome.err, HasSubstr("start it with \"systemctl start aliasvmd.service\"\n"));
}

TEST(CommandLine, WithoutABusItIsSaidWhichOneWasMeant)
{
    const Outcome outcome = run_cli({"--bus", "unix:path=/nonexistent/bus", "list"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err, "aliasvm: cannot connect to the bus at unix:path=/nonexistent/bus: No "
                           "such file or directory; give the address of a bus that runs\n");
}

TEST(CommandLine, WhatCannotBeMeantIsExitCodeTwo)
{
    for (const auto& line : std::vector<std::vector<std::string>>{{},
                                                                  {"lsit"},
                                                                  {"start"},
                                                                  {"assign", "uart1", "right"},
                                                                  {"list", "--json", "--names"},
                                                                  {"top", "-n", "0"},
                                                                  {"list", "more"}})
    {
        const Outcome outcome = run_cli(line);
        EXPECT_EQ(outcome.status, 2) << outcome.out;
        EXPECT_THAT(outcome.err, HasSubstr("\"aliasvm --help\" shows how")) << outcome.err;
    }
}

TEST(CommandLine, HelpAndVersionAreNoFailures)
{
    const Outcome help = run_cli({"--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, HasSubstr("dump-dtb"));
    EXPECT_THAT(help.out, testing::Not(HasSubstr("--bus")));
    EXPECT_EQ(run_cli({"assign", "--help"}).status, 0);
    EXPECT_THAT(run_cli({"--version"}).out, StartsWith("aliasvm "));
}

} // namespace
} // namespace aliasvm::cli
