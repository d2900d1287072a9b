// SPDX-License-Identifier: Apache-2.0
// A device tree that somebody brings, made true of the machine.
#pragma once

#include "common/plan/catalogue.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/image.hpp"
#include "common/plan/plan.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace aliasvm::plan
{

/// What a copy takes more than the file, at the most: by the bounds of a configuration.
inline constexpr std::uint64_t own_tree_growth = 0x8000;

struct OwnTree
{
    std::vector<std::byte> bytes;
    /// Nodes of devices that the machine has not, by their names, which the copy has disabled.
    std::vector<std::string> absent;
    /// Nodes of aliases that the file itself has disabled, and so has the copy.
    std::vector<std::string> asleep;
    /// Aliases, by their names, that no node is about, but maybe one that is asleep.
    std::vector<std::string> untold;
};

/// A copy of the tree in `file`. The machine's own in it are then: bootargs, if the plan has a
/// command line; initrd; RAM and what devices do not reach of it, and of the file's reservation map
/// what is RAM; rng-seed; CPUs, PSCI, timer, GIC; MAC address and PHY of aliases of GEMs; triggers
/// of aliases; clocks, where those of the file are the firmware's. Whatever the file has of a
/// device at an address where the machine has nothing is disabled, reserved memory outside of the
/// RAM too. Everything else stays.
///
/// Faults are never empty; each completes "dtb FILE …".
[[nodiscard]] std::variant<OwnTree, std::vector<ImageFault>>
own_tree(const VmPlan& plan, const Catalogue& catalogue, std::span<const std::byte> file,
         const std::optional<RandomSeed>& seed);

} // namespace aliasvm::plan
