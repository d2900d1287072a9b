// SPDX-License-Identifier: Apache-2.0
// Groups that must not go to VFIO as they are, in a directory that looks like sysfs.
#include "common/vfio/group_checks.hpp"

#include "tests/unit/vfio/host_tree.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::vfio
{
namespace
{

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* gem_device = "ff0e0000.ethernet";

class AGroup : public testing::Test
{
protected:
    AGroup() { tree.add_device(gem_device, "macb", 3); }

    HostTree tree;
    Sysfs sysfs{tree.sys()};
};

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
