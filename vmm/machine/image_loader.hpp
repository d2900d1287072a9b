// SPDX-License-Identifier: Apache-2.0
// Puts a plan's image and initrd, and the device tree, into guest memory.
#pragma once

#include "common/plan/plan.hpp"
#include "vmm/machine/guest_memory.hpp"

#include <cstddef>
#include <span>
#include <stdexcept>

namespace aliasvm::machine
{

/// A packed image that does not unpack to what its head and trailer say: a damaged file, or one
/// that says little and is much. To try again is of no use.
class BadImage : public std::runtime_error
{
public:
    using runtime_error::runtime_error;
};

/// Loads what the plan says to where it says; `dtb` is the device tree, by whomever it was made.
/// Before the vCPUs run. Throws Error and BadImage; the plan has checked the layout already, but
/// files may have changed since, and every bound is checked again here.
void load_images(GuestMemory& memory, const plan::VmPlan& plan, std::span<const std::byte> dtb);

} // namespace aliasvm::machine
