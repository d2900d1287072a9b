// SPDX-License-Identifier: Apache-2.0
// Puts a plan's image, initrd and device tree into guest memory.
#pragma once

#include "common/plan/plan.hpp"
#include "vmm/machine/guest_memory.hpp"

#include <cstddef>
#include <span>

namespace aliasvm::machine
{

/// Loads what the plan says to where it says. `generated_dtb` is used unless the plan names a file.
/// Before the vCPUs run. Throws Error; the plan has checked the layout already, but files may have
/// changed since, and every bound is checked again here.
void load_images(GuestMemory& memory, const plan::VmPlan& plan,
                 std::span<const std::byte> generated_dtb);

} // namespace aliasvm::machine
