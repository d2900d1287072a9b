// SPDX-License-Identifier: Apache-2.0
// Files that root can read and a VM cannot.
#include "common/base/file.hpp"
#include "common/facts/gather.hpp"
#include "common/facts/vm_eyes.hpp"
#include "common/plan/hidden_place.hpp"
#include "tests/unit/machine/open_folder.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace aliasvm::facts
{
namespace
{

using tests::OpenFolder;

std::string hidden(const std::string& path)
{
    const auto fault = hidden_from_vm(path);
    return fault ? fault->what + "; " + fault->mend : "";
}

TEST(AVmsEyes, SeeWhatIsOpenToEverybody)
{
    const OpenFolder folder;
    EXPECT_EQ(hidden(folder.write("a/b/kernel", "x")), "");
    EXPECT_EQ(hidden(folder / "nothing"), "") << "whoever opens it tells that";
}

TEST(AVmsEyes, DoNotSeeAFileThatIsItsOwnersOnly)
{
    const OpenFolder folder;
    const std::string file = folder.write("kernel", "x", 0600);
    EXPECT_EQ(hidden(file),
              "cannot be read by the VM's user: " + file + " has mode 0600; chmod o+r " + file);
    OpenFolder::set_mode(file, 0640);
    EXPECT_NE(hidden(file), "") << "of some group that the VM is not in";
    OpenFolder::set_mode(file, 0604);
    if (::getuid() == 0)
    {
        EXPECT_EQ(hidden(file), "");
    }
}

TEST(AVmsEyes, DoNotSeeIntoAFolderThatIsItsOwnersOnly)
{
    const OpenFolder folder;
    const std::string file = folder.write("private/deep/kernel", "x");
    OpenFolder::set_mode(folder.path() / "private", 0700);
    EXPECT_EQ(hidden(file), "cannot be read by the VM's user: the folder " + (folder / "private") +
                                " has mode 0700; chmod o+x " + (folder / "private"));
    OpenFolder::set_mode(folder.path() / "private", 0711);
    EXPECT_EQ(hidden(file), "") << "to pass through is enough";
}

TEST(AVmsEyes, FollowLinksStepByStep)
{
    const OpenFolder folder;
    const std::string file = folder.write("private/kernel", "x");
    folder.write("open/x", "");
    std::filesystem::create_symlink("../private/kernel", folder / "open/relative");
    std::filesystem::create_symlink(folder / "open/relative", folder / "absolute");
    EXPECT_EQ(hidden(folder / "absolute"), "");
    OpenFolder::set_mode(folder.path() / "private", 0700);
    EXPECT_NE(hidden(folder / "absolute"), "");

    std::filesystem::create_symlink("/home/somebody/kernel", folder / "homeward");
    EXPECT_EQ(hidden(folder / "homeward"),
              "is in /home, which a VM does not see (ProtectHome= in vm@.service); put it "
              "elsewhere, in /var/lib say");
    std::filesystem::create_symlink("round", folder / "round");
    EXPECT_EQ(hidden(folder / "round"), "") << "whoever opens it tells that";
}

TEST(AVmsEyes, DoNotSeePlacesThatItsUnitHides)
{
    EXPECT_NE(hidden("/root/Image"), "");
    EXPECT_NE(hidden("/tmp/Image"), "");
    EXPECT_NE(hidden("/var/lib/../tmp/./Image"), "");
    EXPECT_EQ(hidden("/no/such/home/Image"), "");
    EXPECT_EQ(plan::hidden_place("/homes/Image"), std::nullopt);
    EXPECT_EQ(plan::hidden_place("/tmp")->folder, "/tmp");
    EXPECT_EQ(plan::hidden_place("/var/tmp/x")->setting, "PrivateTmp=, which is of DynamicUser=");
}

TEST(AVmsEyes, AreThoseOfTheUnitThatIsInstalled)
{
    const char* const file = std::getenv("ALIASVM_TEST_UNIT");
    ASSERT_NE(file, nullptr) << "run this by meson test";
    std::ifstream in{file};
    const std::string unit{std::istreambuf_iterator<char>{in}, {}};
    for (const char* const line :
         {"\nDynamicUser=yes\n", "\nProtectHome=yes\n", "\nProtectKernelModules=yes\n",
          "\nSupplementaryGroups=kvm aliasvm\n"})
        EXPECT_NE(unit.find(line), std::string::npos) << line;
}

TEST(AVmsEyes, LookAtAllThatAConfigurationNames)
{
    const OpenFolder folder;
    const std::string secret = folder.write("secret", std::string(64, '\0'), 0600);
    const char* const catalogue = std::getenv("ALIASVM_TEST_CATALOGUE");
    ASSERT_NE(catalogue, nullptr) << "run this by meson test";
    const plan::Catalogue zynqmp{read_file(catalogue), catalogue};
    const auto config =
        plan::parse_config("memory = \"1M\"\nkernel = \"" + secret + "\"\ninitrd = \"" + secret +
                               "\"\ndtb = \"" + secret + "\"\n",
                           "test.toml", *VmName::from("test"));
    const auto seen = gather(config, zynqmp, {}, Eyes::vms);
    EXPECT_TRUE(std::holds_alternative<plan::ImageFault>(seen.kernel));
    EXPECT_TRUE(std::holds_alternative<plan::ImageFault>(seen.initrd));
    EXPECT_TRUE(std::holds_alternative<plan::ImageFault>(seen.dtb));
    EXPECT_TRUE(std::holds_alternative<plan::RawImage>(gather(config, zynqmp, {}).kernel))
        << "with our own eyes, who may be root or the file's owner";

    const auto problem = hidden_configuration(secret);
    ASSERT_TRUE(problem);
    EXPECT_EQ(to_string(*problem), secret + ": the file cannot be read by the VM's user: " +
                                       secret + " has mode 0600; chmod o+r " + secret);
}

} // namespace
} // namespace aliasvm::facts
