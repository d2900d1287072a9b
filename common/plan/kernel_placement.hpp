// SPDX-License-Identifier: Apache-2.0
// Where the kernel goes in RAM, and where it begins.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/config.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/memory_layout.hpp"
#include "common/plan/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace aliasvm::plan
{

/// What else there is in the guest's address space, and where RAM could be.
struct Surroundings
{
    struct Device
    {
        GuestRange window;
        std::string owner; ///< for a text: "alias uart0"
    };

    std::vector<Device> devices; ///< the GIC's windows and those of aliases
    std::vector<GuestRange> ram; ///< where the SoC decodes DDR
    std::optional<GuestRange> ocm;
};

/// See place_images(). Nothing if there is a problem, and what is wrong with the place of an ELF
/// file or of a raw binary only where there is RAM at all.
[[nodiscard]] std::optional<ImagePlan> kernel_plan(const Config& config, const HostFacts& facts,
                                                   const MemoryLayout& memory,
                                                   const Surroundings& around, Problems& problems);

} // namespace aliasvm::plan
