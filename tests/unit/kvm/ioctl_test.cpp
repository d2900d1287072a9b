// SPDX-License-Identifier: Apache-2.0
// The rules of every ioctl: EINTR is retried, a refusal tells act, object and reason.
#include "common/base/ioctl.hpp"

#include "tests/fakes/scripted_ioctl.hpp"

#include <gtest/gtest.h>

namespace aliasvm
{
namespace
{

constexpr unsigned long some_request = 42;

TEST(Ioctl, IsRepeatedWhenASignalCutsItShort)
{
    fakes::ScriptedIoctl kernel;
    int left = 3;
    kernel.on(some_request, [&left](int, void*) { return --left > 0 ? -EINTR : 7; });
    EXPECT_EQ(retrying_ioctl(5, some_request, 0UL), 7);
    EXPECT_EQ(kernel.count(some_request), 3U);
}

TEST(Ioctl, PassesDescriptorAndArgumentOn)
{
    fakes::ScriptedIoctl kernel;
    int value = 0;
    kernel.on(some_request,
              [&value](int fd, void* argument)
              {
                  EXPECT_EQ(fd, 5);
                  EXPECT_EQ(argument, &value);
                  return 0;
              });
    EXPECT_EQ(retrying_ioctl(5, some_request, &value), 0);
}

TEST(Ioctl, ThatMustSucceedTellsActObjectAndReason)
{
    fakes::ScriptedIoctl kernel;
    kernel.answer(some_request, -EBUSY);
    try
    {
        require_ioctl(5, some_request, 0UL, "map region {} of {}", 0, "ff010000.serial");
        FAIL() << "no Error";
    }
    catch (const Error& error)
    {
        EXPECT_STREQ(error.what(), "map region 0 of ff010000.serial: Device or resource busy");
        EXPECT_EQ(error.code().value(), EBUSY);
    }
}

} // namespace
} // namespace aliasvm
