// SPDX-License-Identifier: Apache-2.0
// Groups that must not go to VFIO as they are, in a directory that looks like sysfs.
#include "common/vfio/group_checks.hpp"

#include "tests/unit/vfio/host_tree.hpp"

#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::vfio
{
namespace
{

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* gem_device = "ff0e0000.ethernet";

class AGroup : public testing::Test
{
protected:
    AGroup() { tree.add_device(gem_device, "macb", 3); }

    /// As the kernel does: the new type, or a refusal.
    void write(const std::filesystem::path& file, const std::string& text)
    {
        written.push_back(text);
        if (answer != 0)
            throw Error{answer, "write"};
        EXPECT_EQ(file, sysfs.domain_type_file(3));
        if (obeys)
            std::ofstream{file} << text << "\n";
    }

    std::string refusal()
    {
        try
        {
            confine_when_idle(sysfs, 3,
                              [this](const auto& file, const auto& text) { write(file, text); });
        }
        catch (const Error& error)
        {
            code = error.code().value();
            return error.what();
        }
        return "";
    }

    HostTree tree;
    Sysfs sysfs{tree.sys()};
    int answer = 0;
    bool obeys = true;
    int code = 0;
    std::vector<std::string> written;
};

TEST_F(AGroup, IsLeftAloneWhereItConfinesAlready)
{
    for (const char* const type : {"DMA", "DMA-FQ", "blocked"})
    {
        tree.set_domain_type(3, type);
        EXPECT_EQ(refusal(), "");
    }
    EXPECT_THAT(written, IsEmpty());
}

TEST_F(AGroup, IsMadeToConfine)
{
    for (const char* const type : {"identity", "unmanaged", "unknown"})
    {
        tree.set_domain_type(3, type);
        EXPECT_EQ(refusal(), "");
        EXPECT_EQ(sysfs.domain_type(3), "DMA");
    }
    EXPECT_THAT(written, ElementsAre("DMA", "DMA", "DMA"));
}

TEST_F(AGroup, ThatADriverHasNamesIt)
{
    tree.set_domain_type(3, "identity");
    for (const int busy : {EPERM, EBUSY})
    {
        answer = busy;
        EXPECT_THAT(refusal(), AllOf(HasSubstr("group 3 (ff0e0000.ethernet (macb))"),
                                     HasSubstr("unbind all of them first"),
                                     HasSubstr("boot the host without iommu.passthrough=1")));
        EXPECT_EQ(code, busy);
    }
}

TEST_F(AGroup, SaysWhichCapabilitiesItTakes)
{
    tree.set_domain_type(3, "identity");
    answer = EACCES;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("CAP_SYS_ADMIN"), HasSubstr("its type is identity")));
}

TEST_F(AGroup, IsNotBelievedToConfineBecauseTheKernelTookTheWrite)
{
    tree.set_domain_type(3, "identity");
    obeys = false;
    EXPECT_THAT(refusal(), HasSubstr("this kernel cannot"));
    EXPECT_EQ(code, EIO);
}

TEST_F(AGroup, IsRefusedWhereTheKernelDoesNotSay)
{
    EXPECT_THAT(refusal(), HasSubstr("this kernel does not say"));
    EXPECT_THAT(written, IsEmpty());
}

TEST_F(AGroup, BehindAnIommuThatIsNotCoherentSaysWhatToAdd)
{
    tree.add_node(gem_device, "fd800000.smmu");
    EXPECT_EQ(sysfs.coherent(gem_device), false);
    EXPECT_THAT(coherency_obstacle(sysfs, gem_device),
                AllOf(HasSubstr("neither ff0e0000.ethernet nor its IOMMU"),
                      HasSubstr("add dma-coherent to the device's node")));
}

TEST_F(AGroup, IsCoherentByAnyOfTheNodesThatTheKernelLooksAt)
{
    for (const char* const node : {"axi/ff0e0000.ethernet", "axi/fd800000.smmu", "axi", ""})
    {
        const HostTree other;
        other.add_device(gem_device, "", 3);
        other.add_node(gem_device, "fd800000.smmu");
        other.add_property(node, "dma-coherent");
        const Sysfs there{other.sys()};
        EXPECT_EQ(there.coherent(gem_device), true) << node;
        EXPECT_EQ(coherency_obstacle(there, gem_device), "") << node;
    }
}

TEST_F(AGroup, IsNotCoherentByAParentThatItsNodeContradicts)
{
    tree.add_node(gem_device, "fd800000.smmu");
    tree.add_property("axi", "dma-coherent");
    tree.add_property("axi/ff0e0000.ethernet", "dma-noncoherent");
    tree.add_property("axi/fd800000.smmu", "dma-noncoherent");
    EXPECT_EQ(sysfs.coherent(gem_device), false);
}

TEST_F(AGroup, IsGivenTheBenefitOfTheDoubtWithoutADeviceTree)
{
    EXPECT_FALSE(sysfs.coherent(gem_device));
    EXPECT_FALSE(sysfs.coherent("../etc"));
    EXPECT_EQ(coherency_obstacle(sysfs, gem_device), "");
}

TEST_F(AGroup, ThatIsBusySaysWhoElseIsInIt)
{
    EXPECT_EQ(why_busy(sysfs, 3), "it is open already");
    tree.add_device("ff0b0000.ethernet", "vfio-platform", 3);
    EXPECT_THAT(why_busy(sysfs, 3), AllOf(HasSubstr("ff0b0000.ethernet (vfio-platform)"),
                                          HasSubstr("a stream id of its own")));
}

} // namespace
} // namespace aliasvm::vfio
