// SPDX-License-Identifier: Apache-2.0
// Names and object paths.
#include "common/bus/names.hpp"

#include <gtest/gtest.h>

namespace aliasvm::bus
{
namespace
{

TEST(NamesInPaths, AreEscaped)
{
    const auto name = VmName::from("left-hand");
    EXPECT_EQ(machine_path(*name), "/org/aliasvm1/machine/left_2dhand");
    EXPECT_EQ(device_path("uart1"), "/org/aliasvm1/device/uart1");
}

} // namespace
} // namespace aliasvm::bus
