// SPDX-License-Identifier: Apache-2.0
// What is read out of a directory that looks like sysfs.
#include "common/vfio/sysfs.hpp"

#include "tests/unit/vfio/host_tree.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::vfio
{
namespace
{

class ASysfs : public testing::Test
{
protected:
    HostTree tree;
    Sysfs sysfs{tree.sys()};
};

TEST_F(ASysfs, KnowsNothingOfADeviceThatIsNotThere)
{
    EXPECT_FALSE(sysfs.device("ff010000.serial"));
}

TEST_F(ASysfs, TellsDriverAndGroup)
{
    tree.add_device("ff0e0000.ethernet", "vfio-platform", 3);
    tree.add_group_node(3, false);
    const auto device = sysfs.device("ff0e0000.ethernet");
    ASSERT_TRUE(device);
    EXPECT_EQ(device->name, "ff0e0000.ethernet");
    EXPECT_EQ(device->driver, "vfio-platform");
    EXPECT_EQ(device->group, (IommuGroup{3, false}));
}

TEST_F(ASysfs, TellsANoiommuGroupByItsName)
{
    tree.add_device("ff010000.serial", "vfio-platform", 0);
    tree.add_group_node(0, true);
    EXPECT_EQ(sysfs.device("ff010000.serial")->group, (IommuGroup{0, true}));
}

TEST_F(ASysfs, TellsADeviceWithoutDriverAndGroup)
{
    tree.add_device("ff010000.serial", "");
    const auto device = sysfs.device("ff010000.serial");
    ASSERT_TRUE(device);
    EXPECT_FALSE(device->driver);
    EXPECT_FALSE(device->group);
}

TEST_F(ASysfs, StaysAmongThePlatformDevices)
{
    for (const std::string name : {"", ".", "..", "../devices", "/etc", "a/b"})
        EXPECT_FALSE(sysfs.device(name)) << name;
    EXPECT_FALSE(sysfs.device(std::string_view{"..\0x", 4}));
}

TEST_F(ASysfs, ListsAGroupWithDriversInOrder)
{
    tree.add_device("ff0e0000.ethernet", "macb", 3);
    tree.add_device("ff0d0000.ethernet", "", 3);
    EXPECT_THAT(sysfs.members(3),
                testing::ElementsAre("ff0d0000.ethernet (no driver)", "ff0e0000.ethernet (macb)"));
    EXPECT_TRUE(sysfs.members(4).empty());
}

} // namespace
} // namespace aliasvm::vfio
