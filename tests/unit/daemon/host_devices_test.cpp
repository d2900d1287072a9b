// SPDX-License-Identifier: Apache-2.0
// The real catalogue against a folder that looks like sysfs.
#include "daemon/host/host_devices.hpp"

#include "common/base/file.hpp"
#include "tests/unit/vfio/host_tree.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace aliasvm::daemon
{
namespace
{

class TheHostsDevices : public testing::Test
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
    HostDevices host{tree.sys()};
};

TEST_F(TheHostsDevices, AreKnownByDriverAndGroup)
{
    tree.add_device("ff000000.serial", "xuartps");
    tree.add_device("ff010000.serial", "vfio-platform", 3);
    tree.add_group_node(3, true);
    tree.add_device("ff0e0000.ethernet", "", 7);

    const HostInstance host_driver = host.look(instance("uart0"));
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

} // namespace
} // namespace aliasvm::daemon
