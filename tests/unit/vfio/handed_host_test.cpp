// SPDX-License-Identifier: Apache-2.0
// Devices that somebody else opened.
#include "common/vfio/handed_host.hpp"

#include "common/base/error.hpp"
#include "tests/fakes/scripted_ioctl.hpp"
#include "tests/unit/vfio/dma_reach.hpp"

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

using testing::ElementsAre;
using testing::HasSubstr;

constexpr GuestRange memory{GuestAddr{0}, 64U << 20};

class AHandedHost : public testing::Test
{
protected:
    AHandedHost()
    {
        kernel.answer(VFIO_GET_API_VERSION, VFIO_API_VERSION);
        kernel.answer(VFIO_CHECK_EXTENSION, 1);
        kernel.on(VFIO_DEVICE_GET_INFO,
                  [this](int, void* argument)
                  {
                      static_cast<vfio_device_info*>(argument)->flags = device_flags;
                      return 0;
                  });
        kernel.on(VFIO_IOMMU_GET_INFO,
                  [](int, void* argument) { return tell_one_range(argument); });
        for (const auto request : {VFIO_IOMMU_MAP_DMA, VFIO_IOMMU_UNMAP_DMA})
        {
            kernel.on(request,
                      [this](int fd, void*)
                      {
                          container_used = fd;
                          return 0;
                      });
        }
    }

    static int new_file() { return ::memfd_create("handed", MFD_CLOEXEC); }

    /// The descriptors' numbers, which tell whether they are open.
    std::vector<int> hand_in(const std::string& name, std::size_t count)
    {
        std::vector<int> numbers;
        std::vector<UniqueFd> descriptors;
        for (std::size_t i = 0; i < count; ++i)
        {
            numbers.push_back(new_file());
            descriptors.emplace_back(numbers.back());
        }
        host.hand_in(name, std::move(descriptors));
        return numbers;
    }

    int refusal(std::string_view name, Dma dma)
    {
        try
        {
            (void)host.open(name, dma);
        }
        catch (const Error& error)
        {
            told = error.what();
            return error.code().value();
        }
        return 0;
    }

    fakes::ScriptedIoctl kernel;
    HandedHost host;
    std::uint32_t device_flags = VFIO_DEVICE_FLAGS_PLATFORM;
    int container_used = -1;
    std::string told;
    std::byte ram[1]{};
};

TEST_F(AHandedHost, OpensWhatWasHandedInOnce)
{
    const auto fds = hand_in("ff010000.serial", 1);
    auto uart = host.open("ff010000.serial", Dma::none);
    EXPECT_EQ(uart->name(), "ff010000.serial");
    EXPECT_THAT(uart->descriptors(), ElementsAre(fds[0]));
    uart.reset();
    EXPECT_FALSE(is_open(fds[0]));
    EXPECT_EQ(refusal("ff010000.serial", Dma::none), ENODEV);
}

TEST_F(AHandedHost, SaysThatNobodyHandedADeviceOver)
{
    EXPECT_EQ(refusal("ff010000.serial", Dma::none), ENODEV);
    EXPECT_THAT(told, HasSubstr("open ff010000.serial: nobody handed it over"));
}

TEST_F(AHandedHost, OpensTheSameDeviceEachTimeThatItIsHandedIn)
{
    for (int round = 0; round < 3; ++round)
    {
        hand_in("ff010000.serial", 1);
        EXPECT_NE(host.open("ff010000.serial", Dma::none), nullptr);
    }
}

TEST_F(AHandedHost, OpensADeviceOnceAtATime)
{
    hand_in("ff010000.serial", 1);
    const auto uart = host.open("ff010000.serial", Dma::none);
    const auto again = hand_in("ff010000.serial", 1);
    EXPECT_EQ(refusal("ff010000.serial", Dma::none), EBUSY);
    EXPECT_FALSE(is_open(again[0])) << "used up all the same";
    EXPECT_EQ(refusal("ff010000.serial", Dma::none), ENODEV);
}

TEST_F(AHandedHost, LetsTheLaterDescriptorsTakeThePlaceOfTheEarlier)
{
    const auto first = hand_in("ff010000.serial", 1);
    const auto second = hand_in("ff010000.serial", 1);
    EXPECT_FALSE(is_open(first[0]));
    EXPECT_THAT(host.open("ff010000.serial", Dma::none)->descriptors(), ElementsAre(second[0]));
}

TEST_F(AHandedHost, TakesOneDescriptorOrTwo)
{
    EXPECT_THROW(hand_in("ff010000.serial", 0), Error);
    EXPECT_THROW(hand_in("ff010000.serial", 3), Error);
    std::vector<UniqueFd> closed;
    closed.emplace_back();
    EXPECT_THROW(host.hand_in("ff010000.serial", std::move(closed)), Error);
    EXPECT_EQ(refusal("ff010000.serial", Dma::none), ENODEV);
}

TEST_F(AHandedHost, RefusesABusMasterThatNothingConfines)
{
    const auto fds = hand_in("ff0c0000.ethernet", 1);
    EXPECT_EQ(refusal("ff0c0000.ethernet", Dma::iommu), EINVAL);
    EXPECT_FALSE(is_open(fds[0]));
}

TEST_F(AHandedHost, OpensABusMasterAtIdentityAsADeviceAlone)
{
    const auto fds = hand_in("ff0c0000.ethernet", 1);
    const auto gem = host.open("ff0c0000.ethernet", Dma::identity);
    EXPECT_THAT(gem->descriptors(), ElementsAre(fds[0]));
    EXPECT_THROW(gem->map_memory(memory, ram), Error) << "it reaches all memory as it is";
}

TEST_F(AHandedHost, RefusesABusMasterAtIdentityThatAnIommuConfines)
{
    const auto fds = hand_in("ff0c0000.ethernet", 2);
    EXPECT_EQ(refusal("ff0c0000.ethernet", Dma::identity), EINVAL);
    EXPECT_THAT(told, HasSubstr("with a container that confines it"));
    EXPECT_FALSE(is_open(fds[0]));
    EXPECT_FALSE(is_open(fds[1]));
}

TEST_F(AHandedHost, LeavesNothingOpenWhenTheDeviceIsNone)
{
    device_flags = VFIO_DEVICE_FLAGS_PCI;
    const auto fds = hand_in("ff0c0000.ethernet", 2);
    EXPECT_NE(refusal("ff0c0000.ethernet", Dma::iommu), 0);
    EXPECT_FALSE(is_open(fds[0]));
    EXPECT_FALSE(is_open(fds[1]));
    device_flags = VFIO_DEVICE_FLAGS_PLATFORM;
    hand_in("ff0c0000.ethernet", 2);
    EXPECT_EQ(refusal("ff0c0000.ethernet", Dma::iommu), 0);
}

TEST_F(AHandedHost, MapsMemoryInTheContainerOfABusMaster)
{
    const auto fds = hand_in("ff0c0000.ethernet", 2);
    auto gem = host.open("ff0c0000.ethernet", Dma::iommu);
    EXPECT_THAT(gem->descriptors(), ElementsAre(fds[0], fds[1]));
    gem->map_memory(memory, ram);
    EXPECT_EQ(container_used, fds[1]);
    gem->unmap_memory(memory);
    EXPECT_EQ(kernel.count(VFIO_IOMMU_MAP_DMA), 1U);
    EXPECT_EQ(kernel.count(VFIO_IOMMU_UNMAP_DMA), 1U);
    EXPECT_EQ(kernel.count(VFIO_SET_IOMMU), 0U) << "whoever opened it did";
    gem.reset();
    EXPECT_FALSE(is_open(fds[1]));
}

TEST_F(AHandedHost, MapsForEachBusMasterInItsOwnContainer)
{
    const auto first = hand_in("ff0c0000.ethernet", 2);
    const auto second = hand_in("ff0d0000.ethernet", 2);
    auto gem1 = host.open("ff0c0000.ethernet", Dma::iommu);
    const auto gem2 = host.open("ff0d0000.ethernet", Dma::iommu);
    EXPECT_THAT(gem2->descriptors(), ElementsAre(second[0], second[1]));
    gem2->map_memory(memory, ram);
    EXPECT_EQ(container_used, second[1]);
    gem1->map_memory(memory, ram);
    EXPECT_EQ(container_used, first[1]);
    gem1.reset();
    EXPECT_FALSE(is_open(first[1]));
    EXPECT_TRUE(is_open(second[1]));
}

TEST_F(AHandedHost, MapsNoMemoryForADeviceThatDoesNoDma)
{
    hand_in("ff010000.serial", 1);
    hand_in("ff0c0000.ethernet", 2);
    const auto uart = host.open("ff010000.serial", Dma::none);
    const auto quiet = host.open("ff0c0000.ethernet", Dma::none);
    EXPECT_EQ(quiet->descriptors().size(), 1U);
    for (const auto& device : {uart.get(), quiet.get()})
    {
        EXPECT_THROW(device->map_memory(memory, ram), Error);
        EXPECT_THROW(device->unmap_memory(memory), Error);
        EXPECT_THROW(static_cast<void>(device->dma_reach()), Error);
    }
    EXPECT_EQ(kernel.count(VFIO_IOMMU_MAP_DMA), 0U);
    EXPECT_EQ(kernel.count(VFIO_IOMMU_UNMAP_DMA), 0U);
}

} // namespace
} // namespace aliasvm::vfio
