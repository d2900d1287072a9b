// SPDX-License-Identifier: Apache-2.0
// The way to an open device, and everything that can be in it.
#include "common/vfio/linux_host.hpp"

#include "tests/fakes/scripted_ioctl.hpp"
#include "tests/unit/vfio/dma_reach.hpp"
#include "tests/unit/vfio/host_tree.hpp"

#include <linux/vfio.h>
#include <sys/mman.h>

#include <cerrno>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::vfio
{
namespace
{

using testing::AllOf;
using testing::HasSubstr;

class AHost : public testing::Test
{
protected:
    AHost()
    {
        tree.add_device("ff010000.serial", "vfio-platform", 0);
        tree.add_group_node(0, true);
        tree.add_device("ff0c0000.ethernet", "vfio-platform", 1);
        tree.add_group_node(1, false);
        kernel.answer(VFIO_GET_API_VERSION, VFIO_API_VERSION);
        kernel.answer(VFIO_CHECK_EXTENSION, 1);
        kernel.on(VFIO_GROUP_GET_STATUS,
                  [this](int, void* argument)
                  {
                      static_cast<vfio_group_status*>(argument)->flags = group_flags;
                      return 0;
                  });
        kernel.on(VFIO_GROUP_SET_CONTAINER,
                  [this](int fd, void* argument)
                  {
                      group_fd = fd;
                      container_fd = *static_cast<const int*>(argument);
                      return 0;
                  });
        kernel.on(VFIO_SET_IOMMU,
                  [this](int, void* argument)
                  {
                      iommus.push_back(reinterpret_cast<unsigned long>(argument));
                      return set_iommu_answer;
                  });
        kernel.on(VFIO_GROUP_GET_DEVICE_FD,
                  [this](int, void* argument)
                  {
                      device_names.emplace_back(static_cast<const char*>(argument));
                      device_fd = ::memfd_create("device", MFD_CLOEXEC);
                      return device_fd;
                  });
        kernel.on(VFIO_DEVICE_GET_INFO,
                  [](int, void* argument)
                  {
                      static_cast<vfio_device_info*>(argument)->flags = VFIO_DEVICE_FLAGS_PLATFORM;
                      return 0;
                  });
        kernel.on(VFIO_IOMMU_GET_INFO,
                  [](int, void* argument) { return tell_one_range(argument); });
        kernel.answer(VFIO_IOMMU_MAP_DMA, 0);
        kernel.answer(VFIO_IOMMU_UNMAP_DMA, 0);
    }

    std::string refusal(std::string_view name, Dma dma)
    {
        try
        {
            (void)host.open(name, dma);
        }
        catch (const Error& error)
        {
            return error.what();
        }
        return "";
    }

    HostTree tree;
    fakes::ScriptedIoctl kernel;
    LinuxHost host{tree.sys(), tree.dev()};
    std::uint32_t group_flags = VFIO_GROUP_FLAGS_VIABLE;
    int set_iommu_answer = 0;
    std::vector<unsigned long> iommus;
    std::vector<std::string> device_names;
    int container_fd = -1;
    int group_fd = -1;
    int device_fd = -1;
    std::byte memory[1]{};
};

TEST_F(AHost, OpensANoiommuDevice)
{
    const auto uart = host.open("ff010000.serial", Dma::none);
    EXPECT_EQ(uart->name(), "ff010000.serial");
    EXPECT_THAT(device_names, testing::ElementsAre("ff010000.serial"));
    EXPECT_THAT(iommus, testing::ElementsAre(static_cast<unsigned long>(VFIO_NOIOMMU_IOMMU)));
}

TEST_F(AHost, TellsWhatAnotherProcessNeedsOfADevice)
{
    const auto uart = host.open("ff010000.serial", Dma::none);
    EXPECT_THAT(uart->descriptors(), testing::ElementsAre(device_fd));
    const auto gem = host.open("ff0c0000.ethernet", Dma::iommu);
    EXPECT_THAT(gem->descriptors(), testing::ElementsAre(device_fd, container_fd));
}

TEST_F(AHost, GivesEachKindOfGroupItsContainer)
{
    const auto uart = host.open("ff010000.serial", Dma::none);
    const int first_container = container_fd;
    const auto gem = host.open("ff0c0000.ethernet", Dma::iommu);
    EXPECT_NE(container_fd, first_container);
    EXPECT_EQ(iommus.back(), static_cast<unsigned long>(VFIO_TYPE1v2_IOMMU));
}

TEST_F(AHost, OpensAContainerForEachGroup)
{
    tree.add_device("ff0d0000.ethernet", "vfio-platform", 2);
    tree.add_group_node(2, false);
    const auto first = host.open("ff0c0000.ethernet", Dma::iommu);
    const int container = container_fd;
    const auto second = host.open("ff0d0000.ethernet", Dma::iommu);
    EXPECT_NE(container_fd, container);
    EXPECT_TRUE(is_open(container));
    EXPECT_EQ(kernel.count(VFIO_SET_IOMMU), 2U);
}

TEST_F(AHost, ClosesAllWithTheLastDeviceAndOpensItAgain)
{
    auto uart = host.open("ff010000.serial", Dma::none);
    uart.reset();
    EXPECT_FALSE(is_open(device_fd));
    EXPECT_FALSE(is_open(group_fd));
    EXPECT_FALSE(is_open(container_fd));
    uart = host.open("ff010000.serial", Dma::none);
    EXPECT_EQ(kernel.count(VFIO_SET_IOMMU), 2U);
}

TEST_F(AHost, SaysThatADeviceDoesNotExist)
{
    EXPECT_THAT(refusal("ff990000.serial", Dma::none),
                HasSubstr("open ff990000.serial: the host has no such platform device"));
}

TEST_F(AHost, NamesTheDriverThatHasTheDevice)
{
    tree.add_device("ff000000.serial", "xuartps", 5);
    EXPECT_THAT(refusal("ff000000.serial", Dma::none),
                HasSubstr("bound to xuartps (bind it to vfio-platform)"));
    tree.add_device("ff020000.i2c", "", 6);
    EXPECT_THAT(refusal("ff020000.i2c", Dma::none), HasSubstr("bound to no driver"));
}

TEST_F(AHost, SaysHowToGetAGroup)
{
    tree.add_device("ff000000.serial", "vfio-platform");
    EXPECT_THAT(refusal("ff000000.serial", Dma::none),
                AllOf(HasSubstr("no IOMMU group"), HasSubstr("enable_unsafe_noiommu_mode=1")));
}

TEST_F(AHost, SaysThatABusMasterNeedsTheSmmu)
{
    tree.add_device("ff0e0000.ethernet", "vfio-platform");
    EXPECT_THAT(refusal("ff0e0000.ethernet", Dma::iommu),
                AllOf(HasSubstr("no IOMMU group"), HasSubstr("stream id"),
                      testing::Not(HasSubstr("noiommu"))));
}

TEST_F(AHost, SaysWhyADeviceBehindAnIncoherentIommuHasNoDriver)
{
    tree.add_device("ff0e0000.ethernet", "", 8);
    tree.add_node("ff0e0000.ethernet", "fd800000.smmu");
    EXPECT_THAT(refusal("ff0e0000.ethernet", Dma::iommu), HasSubstr("add dma-coherent"));
    tree.add_property("axi/ff0e0000.ethernet", "dma-coherent");
    EXPECT_THAT(refusal("ff0e0000.ethernet", Dma::iommu), HasSubstr("bound to no driver"));
}

TEST_F(AHost, RefusesDmaThatNothingConfines)
{
    EXPECT_THAT(refusal("ff010000.serial", Dma::iommu), HasSubstr("nothing confines"));
    EXPECT_TRUE(kernel.requests().empty());
}

TEST_F(AHost, OpensABusMasterAtIdentityInANoiommuGroupOnly)
{
    const auto free = host.open("ff010000.serial", Dma::identity);
    EXPECT_THAT(free->descriptors(), testing::ElementsAre(device_fd));
    EXPECT_THROW(free->map_memory({GuestAddr{0}, 64 * mib}, memory), Error);
    EXPECT_EQ(kernel.count(VFIO_IOMMU_MAP_DMA), 0U);
    EXPECT_THAT(
        refusal("ff0c0000.ethernet", Dma::identity),
        AllOf(HasSubstr("the IOMMU of group 1 would stop it"), HasSubstr("write dma = \"iommu\"")));
}

TEST_F(AHost, NamesWhatIsInAGroupThatIsNotViable)
{
    tree.add_device("ff0b0000.ethernet", "macb", 1);
    group_flags = 0;
    EXPECT_THAT(refusal("ff0c0000.ethernet", Dma::iommu),
                AllOf(HasSubstr("VFIO group 1"), HasSubstr("ff0b0000.ethernet (macb)")));
}

TEST_F(AHost, LeavesNothingOpenWhenItFails)
{
    set_iommu_answer = -EPERM;
    EXPECT_THAT(refusal("ff0c0000.ethernet", Dma::iommu), HasSubstr("allow_unsafe_interrupts=1"));
    EXPECT_FALSE(is_open(group_fd));
    EXPECT_FALSE(is_open(container_fd));
    set_iommu_answer = 0;
    EXPECT_EQ(refusal("ff0c0000.ethernet", Dma::iommu), "");
}

TEST_F(AHost, SaysThatTheGroupNodeIsMissing)
{
    tree.add_device("ff000000.serial", "vfio-platform", 7);
    EXPECT_THAT(refusal("ff000000.serial", Dma::none), HasSubstr("is the module vfio loaded?"));
}

TEST_F(AHost, SaysThatDevicesNeedAResetDriver)
{
    kernel.answer(VFIO_GROUP_GET_DEVICE_FD, -EINVAL);
    EXPECT_THAT(refusal("ff010000.serial", Dma::none), HasSubstr("reset_required=0"));
}

TEST_F(AHost, MapsMemoryForADeviceThatDoesDma)
{
    const auto gem = host.open("ff0c0000.ethernet", Dma::iommu);
    gem->map_memory({GuestAddr{0}, 64 * mib}, memory);
    gem->unmap_memory({GuestAddr{0}, 64 * mib});
    EXPECT_EQ(kernel.count(VFIO_IOMMU_MAP_DMA), 1U);
    EXPECT_EQ(kernel.count(VFIO_IOMMU_UNMAP_DMA), 1U);
}

} // namespace
} // namespace aliasvm::vfio
