// SPDX-License-Identifier: Apache-2.0
// Where the kernel, the initrd and the device tree go in RAM.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/config.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/kernel_placement.hpp"
#include "common/plan/memory_layout.hpp"
#include "common/plan/plan.hpp"

#include <optional>

namespace aliasvm::plan
{

struct Placement
{
    ImagePlan kernel;
    std::optional<FilePlan> initrd;
    DtbPlan dtb;
};

/// The kernel goes where its file says (Image: text_offset above the lowest 2 MiB boundary of the
/// largest bank that has room, or of the lowest such bank if it says so), a raw binary to the start
/// of the lowest bank unless the configuration says otherwise, and so does a static PIE that is not
/// linked to RAM. The device tree goes to the kernel's
/// bank, or else to the lowest with room, as high as there is room, aligned so that it crosses no 2
/// MiB boundary; the initrd likewise, at a page. All but ELF and raw keep out of where no device
/// reaches: it is of little use to a guest's drivers. Nothing if there is a problem.
[[nodiscard]] std::optional<Placement> place_images(const Config& config, const HostFacts& facts,
                                                    const MemoryLayout& memory,
                                                    const Surroundings& around, Problems& problems);

} // namespace aliasvm::plan
