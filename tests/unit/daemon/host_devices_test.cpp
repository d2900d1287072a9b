// SPDX-License-Identifier: Apache-2.0
// The real catalogue against a folder that looks like sysfs.
#include "daemon/host/host_devices.hpp"

#include "common/base/file.hpp"
#include "tests/unit/vfio/host_tree.hpp"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::daemon
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

class AnInventory : public testing::Test
{
protected:
    static const plan::Catalogue& catalogue()
    {
        const char* const path = std::getenv("ALIASVM_TEST_CATALOGUE");
        if (path == nullptr)
            throw std::runtime_error{"ALIASVM_TEST_CATALOGUE is not set; run this by meson test"};
        static const plan::Catalogue zynqmp{read_file(path), path};
        return zynqmp;
    }
    static const plan::Instance& instance(const char* name) { return *catalogue().find(name); }

    vfio::HostTree tree;
    HostDevices host{catalogue(), tree.sys()};
};

TEST_F(AnInventory, HasTheInstancesOfTheHostInTheOrderOfTheCatalogue)
{
    EXPECT_THAT(host.present(), IsEmpty());
    tree.add_device("ff110000.timer", "cdns-ttc");
    tree.add_device("ff010000.serial", "");
    tree.add_device("ff0a0001.nobody", "");
    EXPECT_THAT(host.present(), ElementsAre(&instance("uart1"), &instance("ttc0")));
    tree.add_device("ff000000.serial", "xuartps");
    EXPECT_THAT(host.present(),
                ElementsAre(&instance("uart0"), &instance("uart1"), &instance("ttc0")));
}

TEST_F(AnInventory, SaysWhatTheHostDoesWithAnInstance)
{
    tree.add_device("ff000000.serial", "xuartps");
    tree.add_device("ff010000.serial", "vfio-platform", 3);
    tree.add_group_node(3, true);
    tree.add_device("ff0e0000.ethernet", "", 7);

    const HostInstance host_driver = host.look(instance("uart0"));
    EXPECT_EQ(host_driver.instance, &instance("uart0"));
    EXPECT_TRUE(host_driver.present);
    EXPECT_EQ(host_driver.driver, "xuartps");
    EXPECT_EQ(host_driver.group, "");

    EXPECT_EQ(host.look(instance("uart1")).driver, "vfio-platform");
    EXPECT_EQ(host.look(instance("uart1")).group, "noiommu-3");
    EXPECT_EQ(host.look(instance("gem3")).driver, "");
    EXPECT_EQ(host.look(instance("gem3")).group, "7");

    const HostInstance missing = host.look(instance("can0"));
    EXPECT_FALSE(missing.present);
    EXPECT_EQ(missing.driver, "");
}

TEST_F(AnInventory, SaysWhoSharesAGroup)
{
    tree.add_device("ff0e0000.ethernet", "vfio-platform", 7);
    tree.add_device("ff170000.mmc", "sdhci-arasan", 7);
    tree.add_device("ff000000.serial", "");
    EXPECT_THAT(host.group_members(instance("gem3")),
                ElementsAre("ff0e0000.ethernet (vfio-platform)", "ff170000.mmc (sdhci-arasan)"));
    EXPECT_THAT(host.group_members(instance("uart0")), IsEmpty());
    EXPECT_THAT(host.group_members(instance("can0")), IsEmpty());
}

} // namespace
} // namespace aliasvm::daemon
