// SPDX-License-Identifier: Apache-2.0
// Masks, signals and resampling: the same body for every VFIO.
#include "tests/contract/vfio_contract.hpp"

#include "common/base/error.hpp"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>

namespace aliasvm::contract
{
namespace
{

constexpr vfio::IrqIndex irq{0};

/// Whether the interrupt comes. Reading a fake's state makes it act, as the kernel does by itself.
bool comes(Subject& subject, const EventFd& event, int milliseconds)
{
    (void)subject.device->irq(irq);
    pollfd poll{event.get(), POLLIN, 0};
    (void)::poll(&poll, 1, milliseconds);
    return event.drain();
}

} // namespace

TEST_P(VfioContract, ADeviceIsOpenedOnce)
{
    try
    {
        (void)subject->host->open(subject->device->name(), Dma::none);
        FAIL() << "no Error";
    }
    catch (const Error& error)
    {
        EXPECT_EQ(error.code().value(), EBUSY);
    }
}

TEST_P(VfioContract, ADeviceTellsWhatItHas)
{
    EXPECT_EQ(subject->device->region(vfio::RegionIndex{0}).size % page_size, 0U);
    EXPECT_TRUE(subject->device->region(vfio::RegionIndex{0}).mappable);
    EXPECT_TRUE(subject->device->irq(irq).automasked);
}

TEST_P(VfioContract, ADeviceWithoutDmaIsHandedOverAsOneDescriptor)
{
    const std::vector<int> descriptors = subject->device->descriptors();
    ASSERT_EQ(descriptors.size(), 1U);
    EXPECT_GE(::fcntl(descriptors[0], F_GETFD), 0) << "it is open";
}

TEST_P(VfioContract, AnInterruptComesOnceUntilItIsUnmasked)
{
    const EventFd event;
    subject->device->set_signal(irq, event);
    subject->want(true);
    EXPECT_TRUE(comes(*subject, event, 20'000));
    EXPECT_FALSE(comes(*subject, event, 100));
    subject->device->unmask(irq);
    EXPECT_TRUE(comes(*subject, event, 20'000)) << "the device still wants something";
    subject->want(false);
    subject->device->unmask(irq);
    EXPECT_FALSE(comes(*subject, event, 100));
}

TEST_P(VfioContract, AMaskMayComeBeforeTheEventfd)
{
    const EventFd event;
    subject->device->mask(irq);
    subject->device->set_signal(irq, event);
    subject->want(true);
    EXPECT_FALSE(comes(*subject, event, 100));
    subject->device->unmask(irq);
    EXPECT_TRUE(comes(*subject, event, 20'000));
}

TEST_P(VfioContract, AMaskIsAFlagAndNoDepth)
{
    const EventFd event;
    subject->device->set_signal(irq, event);
    subject->device->unmask(irq);
    subject->device->mask(irq);
    subject->device->mask(irq);
    subject->want(true);
    EXPECT_FALSE(comes(*subject, event, 100));
    subject->device->unmask(irq);
    EXPECT_TRUE(comes(*subject, event, 20'000));
}

TEST_P(VfioContract, ACountOnTheResampleEventfdUnmasks)
{
    const EventFd event;
    const EventFd resample;
    subject->device->set_unmask_on(irq, resample);
    subject->device->set_signal(irq, event);
    subject->want(true);
    for (int round = 0; round < 3; ++round)
    {
        EXPECT_TRUE(comes(*subject, event, 20'000));
        resample.signal();
    }
    EXPECT_TRUE(comes(*subject, event, 20'000));
    subject->device->clear_unmask(irq);
    resample.signal();
    EXPECT_FALSE(comes(*subject, event, 100));
}

TEST_P(VfioContract, NothingComesWithoutAnEventfdAndItComesWithTheNext)
{
    const EventFd event;
    subject->device->set_signal(irq, event);
    subject->device->mask(irq);
    subject->device->clear_signal(irq);
    subject->want(true);
    subject->device->unmask(irq);
    EXPECT_FALSE(comes(*subject, event, 100));
    subject->device->set_signal(irq, event);
    EXPECT_TRUE(comes(*subject, event, 20'000));
}

} // namespace aliasvm::contract
