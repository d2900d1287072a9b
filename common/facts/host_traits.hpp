// SPDX-License-Identifier: Apache-2.0
// What this host is, whatever is to run on it.
#pragma once

#include "common/plan/catalogue.hpp"
#include "common/plan/host_facts.hpp"

#include <filesystem>

namespace aliasvm::facts
{

/// The triggers of the catalogue's devices, as the host's device tree has them: that is what its
/// kernel sets its GIC to. And an id that is made of the host's machine-id. Never throws for what
/// is in the tree. Needs no privilege.
[[nodiscard]] plan::HostTraits host_traits(const plan::Catalogue& catalogue,
                                           const std::filesystem::path& sysfs = "/sys");

} // namespace aliasvm::facts
