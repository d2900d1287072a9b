// SPDX-License-Identifier: Apache-2.0
// check: of a VM by aliasvmd, of a file without it.
#include "fake_daemon.hpp"
#include "run_cli.hpp"

#include "tests/fakes/private_bus.hpp"
#include "tests/unit/machine/open_folder.hpp"
#include "tests/unit/plan/bsp_code.hpp"
#include "tests/unit/plan/image_builder.hpp"

#include "common/bus/names.hpp"

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::cli
{
namespace
{

using testing::HasSubstr;

constexpr const char* no_bus = "unix:path=/nonexistent/bus";

class CheckCommand : public testing::Test
{
protected:
    CheckCommand() { kernel_ = folder_.write("kernel.bin", std::string(64, '\0')); }

    std::string good() const { return "memory = \"64M\"\nkernel = \"" + kernel_ + "\"\n"; }

    tests::OpenFolder folder_;
    std::string kernel_;
};

TEST_F(CheckCommand, AFileIsCheckedWithoutABus)
{
    const std::string file =
        folder_.write("right.toml", good() + "[alias]\nuart0 = \"uart9\"\ngem0 = 3\n");
    const Outcome outcome = run_cli({"--bus", no_bus, "check", file});
    EXPECT_EQ(outcome.status, 78) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(file + ":4:9: "));
    EXPECT_THAT(outcome.out, HasSubstr("uart9"));
    EXPECT_THAT(outcome.out, HasSubstr(file + ":5:8: alias gem0 is an integer"));
    EXPECT_EQ(outcome.err, "");
}

TEST_F(CheckCommand, AGoodFileHasNoProblems)
{
    const std::string file = folder_.write("right.toml", good() + "[alias]\nuart0 = \"uart1\"\n");
    const Outcome outcome = run_cli({"check", file});
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
    EXPECT_EQ(outcome.out, file + ": no problems\n");
}

TEST_F(CheckCommand, ImagesAreLookedAt)
{
    const std::string file =
        folder_.write("right.toml", "memory = \"64M\"\nkernel = \"/nonexistent/kernel\"\n");
    const Outcome outcome = run_cli({"check", file});
    EXPECT_EQ(outcome.status, 78);
    EXPECT_THAT(outcome.out, HasSubstr(":2:10: kernel /nonexistent/kernel: No such file"));
}

TEST_F(CheckCommand, WhatAVmDoesNotSeeIsAProblemThoughWeSeeIt)
{
    tests::OpenFolder::set_mode(kernel_, 0600);
    const std::string file = folder_.write("right.toml", good());
    const Outcome outcome = run_cli({"check", file});
    EXPECT_EQ(outcome.status, 78);
    EXPECT_EQ(outcome.out, file + ":2:10: kernel " + kernel_ +
                               " cannot be read by the VM's user: " + kernel_ +
                               " has mode 0600; chmod o+r " + kernel_ + "\n");
}

TEST_F(CheckCommand, APipeIsNotWaitedFor)
{
    const std::string pipe = folder_ / "pipe.toml";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0644), 0);
    const Outcome outcome = run_cli({"check", pipe});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, HasSubstr(pipe + ", which is a pipe and no regular file"));
}

TEST_F(CheckCommand, AWarningIsNoProblem)
{
    auto elf = plan::make_elf({{0, 0x200, 0x200}});
    plan::put_code(elf, plan::bsp(true, false));
    kernel_ = folder_.write("bsp.elf", {reinterpret_cast<const char*>(elf.data()), elf.size()});
    const std::string file = folder_.write("right.toml", good());
    const Outcome outcome = run_cli({"check", file});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.out, HasSubstr(file + ":2:10: warning: kernel " + kernel_ +
                                       " is built with AMD's BSP, and not for EL1"));
    EXPECT_THAT(outcome.out, HasSubstr("\n" + file + ": no problems\n"));
    const Outcome json = run_cli({"check", file, "--json"});
    EXPECT_THAT(json.out, HasSubstr(R"("problems":[],"warnings":[{"file":")" + file));
}

TEST_F(CheckCommand, AFileThatIsNotThereIsAFailureAndNoProblemOfIt)
{
    const Outcome outcome = run_cli({"check", "./nonexistent.toml"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err, "aliasvm: open ./nonexistent.toml: No such file or directory\n");
}

TEST_F(CheckCommand, AFileWhoseNameIsNoVmsIsAProblem)
{
    const std::string file = folder_.write("Right.toml", good());
    const Outcome outcome = run_cli({"check", file});
    EXPECT_EQ(outcome.status, 78);
    EXPECT_THAT(outcome.out,
                HasSubstr(file + ": the name of the file is no name of a VM; name it "));
}

TEST_F(CheckCommand, AVmIsCheckedByTheDaemon)
{
    const fakes::PrivateBus bus;
    FakeDaemon daemon{bus.address()};
    daemon.problems = {
        {{"/etc/aliasvm/right.toml", 3, 1}, "unknown key \"kernal\"", "did you mean \"kernel\"?"},
        {{"/etc/aliasvm/right.toml", 0, 0}, "there is no memory", "add it"}};
    daemon.serve();
    const Outcome outcome = run_cli({"--bus", bus.address(), "check", "right"});
    EXPECT_EQ(outcome.status, 78);
    EXPECT_EQ(outcome.out,
              "/etc/aliasvm/right.toml:3:1: unknown key \"kernal\"; did you mean \"kernel\"?\n"
              "/etc/aliasvm/right.toml: there is no memory; add it\n");
    const Outcome json = run_cli({"--bus", bus.address(), "check", "right", "--json"});
    EXPECT_EQ(json.status, 78);
    EXPECT_EQ(json.out,
              R"({"checked":"right","problems":[{"file":"/etc/aliasvm/right.toml","line":3,)"
              R"("column":1,"what":"unknown key \"kernal\"","mend":"did you mean \"kernel\"?"},)"
              R"({"file":"/etc/aliasvm/right.toml","line":0,"column":0,)"
              R"("what":"there is no memory","mend":"add it"}],"warnings":[]})"
              "\n");
}

TEST_F(CheckCommand, AVmWithoutProblemsIsGood)
{
    const fakes::PrivateBus bus;
    FakeDaemon daemon{bus.address()};
    daemon.serve();
    const Outcome outcome = run_cli({"--bus", bus.address(), "check", "right"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out, "right: no problems\n");
}

TEST_F(CheckCommand, TheDaemonsWarningsAreToldToo)
{
    const fakes::PrivateBus bus;
    FakeDaemon daemon{bus.address()};
    daemon.warnings = {{{"/etc/aliasvm/right.toml", 2, 1}, "dma confines nothing", "mind it"}};
    daemon.serve();
    const Outcome outcome = run_cli({"--bus", bus.address(), "check", "right"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out, "/etc/aliasvm/right.toml:2:1: warning: dma confines nothing; mind it\n"
                           "right: no problems\n");
}

TEST_F(CheckCommand, WithoutADaemonAVmsFileIsCheckedHere)
{
    folder_.write("configurations/right.toml", "memory = 1\n");
    const auto run = [this](const std::string& name)
    {
        return run_cli({"--bus", no_bus, "--configurations",
                        (folder_.path() / "configurations").string(), "check", name});
    };
    const Outcome outcome = run("right");
    EXPECT_EQ(outcome.status, 78) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("right.toml: there is no kernel; add a line such as"));
    tests::OpenFolder::set_mode(folder_.path() / "configurations/right.toml", 0600);
    EXPECT_THAT(run("right").out,
                HasSubstr("right.toml: the file cannot be read by the VM's user: "));
    const Outcome missing = run("middle");
    EXPECT_EQ(missing.status, 3);
    EXPECT_THAT(missing.err, HasSubstr("aliasvm: there is no VM \"middle\": there is no "));
}

TEST_F(CheckCommand, WhatIsNeitherAVmNorAFileIsBadUsage)
{
    const Outcome outcome = run_cli({"check", "No Name"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("write ./No Name for a file"));
}

TEST_F(CheckCommand, TheDaemonsRefusalIsNotTakenForItsAbsence)
{
    const fakes::PrivateBus bus;
    FakeDaemon daemon{bus.address()};
    daemon.failures["Check"] = {bus::error_name::no_such_machine, "no machine right"};
    daemon.serve();
    EXPECT_EQ(run_cli({"--bus", bus.address(), "check", "right"}).status, 3);
}

} // namespace
} // namespace aliasvm::cli
