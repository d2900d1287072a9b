// SPDX-License-Identifier: Apache-2.0
// Where the kernel, the initrd and the device tree go in RAM.
#pragma once

#include "vmm/base/problem.hpp"
#include "vmm/plan/config.hpp"
#include "vmm/plan/host_facts.hpp"
#include "vmm/plan/plan.hpp"

#include <optional>

namespace aliasvm::plan
{

struct Placement
{
    GuestRange memory;
    ImagePlan kernel;
    std::optional<FilePlan> initrd;
    DtbPlan dtb;
};

/// The kernel goes where its file says (Image: text_offset above the start of RAM), the device tree
/// as high as there is room, aligned so that it crosses no 2 MiB boundary, and the initrd below it,
/// at a page. Nothing if there is a problem.
[[nodiscard]] std::optional<Placement> place_images(const Config& config, const HostFacts& facts,
                                                    Problems& problems);

} // namespace aliasvm::plan
