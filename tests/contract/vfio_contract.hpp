// SPDX-License-Identifier: Apache-2.0
// What every implementation of the VFIO port must do with a level interrupt.
#pragma once

#include "common/vfio/port.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace aliasvm::contract
{

/// A device whose first interrupt is level and can be made to want something.
struct Subject
{
    std::string name;
    std::shared_ptr<vfio::Host> host;
    std::unique_ptr<vfio::PlatformDevice> device;
    std::function<void(bool)> want; ///< the level of the interrupt
};

struct VfioImplementation
{
    std::string name;
    std::optional<Subject> (*open)(); ///< nothing if this machine has no such device to give
};

class VfioContract : public testing::TestWithParam<VfioImplementation>
{
protected:
    void SetUp() override
    {
        subject = GetParam().open();
        if (!subject)
            GTEST_SKIP() << "bind ff010000.serial to vfio-platform for this";
    }

    std::optional<Subject> subject;
};

} // namespace aliasvm::contract
