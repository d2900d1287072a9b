// SPDX-License-Identifier: Apache-2.0
// HostClocks: the true rates of the clocks that the catalogue's devices run on.
#pragma once

#include "common/plan/catalogue.hpp"
#include "common/plan/plan.hpp"

#include <filesystem>

namespace aliasvm::daemon
{

/// Reads what Linux' clock framework tells in debugfs (drivers/clk/clk.c), which is root's alone: a
/// VMM cannot. Main thread.
class HostClocks
{
public:
    HostClocks(const plan::Catalogue& catalogue, std::filesystem::path sysfs);

    /// In hertz, as they are now. A clock is left out if the host does not have it by the
    /// catalogue's name for it, or does not know its rate (0); then the catalogue's rate is good.
    /// Without debugfs nothing is there. Never throws for what is in the files.
    [[nodiscard]] plan::ClockRates rates() const;

private:
    const plan::Catalogue& catalogue_;
    std::filesystem::path clocks_;
};

} // namespace aliasvm::daemon
