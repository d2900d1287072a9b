// SPDX-License-Identifier: Apache-2.0
// The structures that LinuxPlatformDevice hands to the kernel.
#include "common/vfio/linux_platform_device.hpp"

#include "common/base/error.hpp"
#include "tests/fakes/scripted_ioctl.hpp"

#include <linux/vfio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::vfio
{
namespace
{

constexpr IrqIndex irq{2};

/// vfio_irq_set in words, since it ends in data of no fixed size.
struct Request
{
    struct
    {
        std::uint32_t argsz, flags, index, start, count;
    } header;
    std::optional<std::int32_t> eventfd;
};
static_assert(sizeof(Request::header) == sizeof(vfio_irq_set));

class ALinuxPlatformDevice : public testing::Test
{
protected:
    ALinuxPlatformDevice()
    {
        kernel.on(VFIO_DEVICE_GET_INFO,
                  [this](int, void* argument)
                  {
                      auto& info = *static_cast<vfio_device_info*>(argument);
                      info.flags = flags;
                      info.num_regions = 1;
                      info.num_irqs = 3;
                      return 0;
                  });
        kernel.on(VFIO_DEVICE_GET_REGION_INFO,
                  [this](int, void* argument)
                  {
                      auto& info = *static_cast<vfio_region_info*>(argument);
                      if (info.index != 0)
                          return -EINVAL;
                      info.flags = region_flags;
                      info.size = page_size;
                      info.offset = page_size; // of the descriptor
                      return 0;
                  });
        kernel.on(VFIO_DEVICE_GET_IRQ_INFO,
                  [](int, void* argument)
                  {
                      auto& info = *static_cast<vfio_irq_info*>(argument);
                      info.flags = info.index == 0
                                       ? VFIO_IRQ_INFO_EVENTFD
                                       : VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
                                             VFIO_IRQ_INFO_AUTOMASKED;
                      return 0;
                  });
        kernel.on(VFIO_DEVICE_SET_IRQS,
                  [this](int, void* argument)
                  {
                      Request request{};
                      std::memcpy(&request.header, argument, sizeof request.header);
                      if ((request.header.flags & VFIO_IRQ_SET_DATA_EVENTFD) != 0)
                      {
                          request.eventfd.emplace();
                          std::memcpy(&*request.eventfd,
                                      static_cast<const char*>(argument) + sizeof request.header,
                                      sizeof *request.eventfd);
                      }
                      requests.push_back(request);
                      return set_irqs_answer;
                  });
    }

    LinuxPlatformDevice& device()
    {
        if (!device_)
        {
            UniqueFd fd{::memfd_create("device", MFD_CLOEXEC)};
            EXPECT_EQ(::ftruncate(fd.get(), 2 * page_size), 0);
            const char mark = 'x';
            EXPECT_EQ(::pwrite(fd.get(), &mark, 1, page_size), 1);
            device_.emplace(std::move(fd), "ff010000.serial");
        }
        return *device_;
    }

    void expect_last(std::uint32_t action, std::uint32_t count, std::optional<std::int32_t> eventfd)
    {
        ASSERT_FALSE(requests.empty());
        const Request& request = requests.back();
        EXPECT_EQ(request.header.argsz,
                  sizeof(vfio_irq_set) + (eventfd ? sizeof(std::int32_t) : 0));
        EXPECT_EQ(request.header.flags,
                  action | (eventfd ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE));
        EXPECT_EQ(request.header.index, irq.value);
        EXPECT_EQ(request.header.start, 0U);
        EXPECT_EQ(request.header.count, count);
        EXPECT_EQ(request.eventfd, eventfd);
    }

    fakes::ScriptedIoctl kernel;
    std::uint32_t flags = VFIO_DEVICE_FLAGS_PLATFORM;
    std::uint32_t region_flags = VFIO_REGION_INFO_FLAG_MMAP;
    int set_irqs_answer = 0;
    std::vector<Request> requests;
    EventFd event;

private:
    std::optional<LinuxPlatformDevice> device_;
};

TEST_F(ALinuxPlatformDevice, TellsItsRegionsAndInterrupts)
{
    EXPECT_EQ(device().region(RegionIndex{0}).size, page_size);
    EXPECT_TRUE(device().region(RegionIndex{0}).mappable);
    EXPECT_TRUE(device().irq(IrqIndex{1}).automasked);
    EXPECT_FALSE(device().irq(IrqIndex{0}).automasked);
    EXPECT_THROW((void)device().region(RegionIndex{1}), Error);
}

TEST_F(ALinuxPlatformDevice, IsRefusedWhenItIsOfAnotherKind)
{
    flags = VFIO_DEVICE_FLAGS_PCI;
    EXPECT_THROW(device(), Error);
}

TEST_F(ALinuxPlatformDevice, MapsTheRegionThatTheKernelNames)
{
    const Mapping registers = device().map(RegionIndex{0});
    EXPECT_EQ(registers.size(), page_size);
    EXPECT_EQ(registers.data()[0], std::byte{'x'});
}

TEST_F(ALinuxPlatformDevice, DoesNotMapWhatIsNotWholePages)
{
    region_flags = VFIO_REGION_INFO_FLAG_READ;
    EXPECT_THROW((void)device().map(RegionIndex{0}), Error);
}

TEST_F(ALinuxPlatformDevice, SetsAndClearsAnEventfd)
{
    device().set_signal(irq, event);
    expect_last(VFIO_IRQ_SET_ACTION_TRIGGER, 1, event.get());
    device().clear_signal(irq);
    expect_last(VFIO_IRQ_SET_ACTION_TRIGGER, 0, std::nullopt);
}

TEST_F(ALinuxPlatformDevice, SetsAndClearsWhatUnmasks)
{
    device().set_unmask_on(irq, event);
    expect_last(VFIO_IRQ_SET_ACTION_UNMASK, 1, event.get());
    device().clear_unmask(irq);
    expect_last(VFIO_IRQ_SET_ACTION_UNMASK, 1, -1);
}

TEST_F(ALinuxPlatformDevice, MasksAndUnmasks)
{
    device().mask(irq);
    expect_last(VFIO_IRQ_SET_ACTION_MASK, 1, std::nullopt);
    device().unmask(irq);
    expect_last(VFIO_IRQ_SET_ACTION_UNMASK, 1, std::nullopt);
}

TEST_F(ALinuxPlatformDevice, NamesTheInterruptThatIsTaken)
{
    set_irqs_answer = -EBUSY;
    try
    {
        device().mask(irq);
        FAIL() << "no Error";
    }
    catch (const Error& error)
    {
        EXPECT_THAT(error.what(), testing::HasSubstr("mask interrupt 2 of ff010000.serial"));
        EXPECT_THAT(error.what(), testing::HasSubstr("lists it twice"));
    }
}

} // namespace
} // namespace aliasvm::vfio
