// SPDX-License-Identifier: Apache-2.0
// Names and object paths.
#include "common/bus/names.hpp"

#include <gtest/gtest.h>

namespace aliasvm::bus
{
namespace
{

TEST(NamesInPaths, AreEscapedAndReadBack)
{
    const auto name = VmName::from("left-hand");
    EXPECT_EQ(machine_path(*name), "/org/aliasvm1/machine/left_2dhand");
    EXPECT_EQ(name_of_path(machine_path(*name)), "left-hand");
    EXPECT_EQ(device_path("uart1"), "/org/aliasvm1/device/uart1");
    EXPECT_EQ(name_of_path("/org/aliasvm1/device/uart1"), "uart1");
}

TEST(NamesInPaths, AreNotFoundInOtherPaths)
{
    EXPECT_EQ(name_of_path("/org/aliasvm1"), std::nullopt);
    EXPECT_EQ(name_of_path("/org/aliasvm1/machine"), std::nullopt);
    EXPECT_EQ(name_of_path("/org/other/left"), std::nullopt);
}

} // namespace
} // namespace aliasvm::bus
