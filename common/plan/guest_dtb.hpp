// SPDX-License-Identifier: Apache-2.0
// The device tree that a guest gets.
#pragma once

#include "common/plan/catalogue.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/plan.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace aliasvm::plan
{

/// The bytes that the guest gets: own_tree() of the file that its configuration names, as it was
/// when the facts were found out, or else a tree that is made. The plan was made of these facts.
/// Throws what make_guest_dtb() does.
[[nodiscard]] std::vector<std::byte> guest_dtb(const VmPlan& plan, const Catalogue& catalogue,
                                               const HostFacts& facts);

/// A tree of the machine as the guest sees it: its CPUs, RAM, GIC, timer, PMU, and a node for each
/// alias, made from the alias's node of the catalogue with the guest's address and interrupts.
/// There is no firmware, power domain, reset, pin controller or IOMMU in it, as there is none in
/// the machine. The same plan and seed give the same bytes. Throws Error, also if the tree is
/// larger than `plan.dtb.memory`.
[[nodiscard]] std::vector<std::byte>
make_guest_dtb(const VmPlan& plan, const Catalogue& catalogue,
               const std::optional<RandomSeed>& seed = std::nullopt);

} // namespace aliasvm::plan
