// SPDX-License-Identifier: Apache-2.0
// What the daemon says of a configuration before a start, and which version of it.
#include "daemon/ownership/configuration_check.hpp"

#include "tests/unit/machine/open_folder.hpp"
#include "tests/unit/plan/bsp_code.hpp"
#include "tests/unit/plan/plan_fixture.hpp"

#include <sys/stat.h>

#include <filesystem>

#include <gmock/gmock.h>

namespace aliasvm::daemon
{
namespace
{

using testing::HasSubstr;

class AConfiguration : public testing::Test
{
protected:
    AConfiguration()
    {
        write(plan::make_elf());
        configure("uart0 = \"console\"\n");
        machines.emplace(io, plan::zynqmp(), (folder.path() / "etc").string(),
                         folder / "assignments.toml");
    }

    void write(const plan::Bytes& bytes)
    {
        kernel =
            folder.write("kernel.elf", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    std::string configuration(const std::string& aliases) const
    {
        return "memory = \"1M\"\nkernel = \"" + kernel + "\"\n[alias]\n" + aliases;
    }
    void configure(const std::string& aliases)
    {
        folder.write("etc/right.toml", configuration(aliases));
    }
    const Machine& right() { return machines->require("right"); }
    Verdict check() { return check_configuration(right(), *machines, plan::zynqmp()); }
    std::string problems()
    {
        std::string text;
        for (const Problem& problem : check().problems)
            text += to_string(problem) + "\n";
        return text;
    }

    tests::OpenFolder folder;
    std::string kernel;
    boost::asio::io_context io;
    std::optional<Machines> machines;
};

TEST_F(AConfiguration, ThatIsGoodHasNoProblem)
{
    EXPECT_EQ(problems(), "");
    EXPECT_TRUE(check().warnings.empty());
}

TEST_F(AConfiguration, IsWarnedOfItsKernel)
{
    auto elf = plan::make_elf({{0, 0x200, 0x200}});
    plan::put_code(elf, plan::bsp(true, false));
    write(elf);
    ASSERT_EQ(check().warnings.size(), 1U);
    EXPECT_THAT(check().warnings[0].what, HasSubstr("is built with AMD's BSP, and not for EL1"));
    EXPECT_EQ(problems(), "");
}

TEST_F(AConfiguration, ThatTheVmCannotReadIsAProblemThoughWeCan)
{
    tests::OpenFolder::set_mode(folder / "etc/right.toml", 0600);
    EXPECT_THAT(problems(), HasSubstr("right.toml: the file cannot be read by the VM's user: "));
    tests::OpenFolder::set_mode(folder / "etc/right.toml", 0644);
    tests::OpenFolder::set_mode(kernel, 0600);
    EXPECT_THAT(problems(), HasSubstr(":2:10: kernel " + kernel + " cannot be read by the VM's "));
}

TEST_F(AConfiguration, IsAsTheFileIsNowAlsoBehindALink)
{
    const std::string target =
        folder.write("elsewhere/right.toml", configuration("uart0 = \"console\"\n"));
    std::filesystem::remove(folder / "etc/right.toml");
    std::filesystem::create_symlink(target, folder / "etc/right.toml");
    machines->reload();
    EXPECT_EQ(right().configured("uart0"), "console");
    folder.write("elsewhere/right.toml", configuration("uart0 = \"uart1\"\n"));
    machines->refresh(right().name);
    EXPECT_EQ(right().configured("uart0"), "uart1");
    folder.write("elsewhere/right.toml", configuration("uart0 = \"uart99\"\n"));
    EXPECT_THAT(problems(), HasSubstr("unknown instance \"uart99\""));
}

TEST_F(AConfiguration, ThatDidNotChangeIsNotReadAgain)
{
    int told = 0;
    machines->on_event([&](const Machines::Event&) { ++told; });
    machines->refresh(right().name);
    EXPECT_EQ(told, 0);
    configure("uart0 = \"\"\n");
    machines->refresh(right().name);
    machines->refresh(right().name);
    EXPECT_EQ(told, 1);
    machines->refresh(*VmName::from("unknown"));
    std::filesystem::remove(folder / "etc/right.toml");
    machines->refresh(right().name);
    EXPECT_EQ(told, 1) << "whoever watches the folder tells that";
}

TEST_F(AConfiguration, ThatIsAPipeIsNotWaitedFor)
{
    ASSERT_EQ(::mkfifo((folder / "etc/pipe.toml").c_str(), 0644), 0);
    machines->reload();
    const Verdict verdict =
        check_configuration(machines->require("pipe"), *machines, plan::zynqmp());
    ASSERT_FALSE(verdict.problems.empty());
    EXPECT_THAT(verdict.problems[0].what, HasSubstr("which is a pipe and no regular file"));
    EXPECT_EQ(problems(), "") << "of another machine";
}

} // namespace
} // namespace aliasvm::daemon
