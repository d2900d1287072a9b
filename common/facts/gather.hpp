// SPDX-License-Identifier: Apache-2.0
// Gathers what a plan needs to know of this host: the image files that a configuration names, and
// what its IOMMU keeps for itself.
#pragma once

#include "common/plan/config.hpp"
#include "common/plan/make_plan.hpp"

namespace aliasvm::facts
{

/// Looks at the files, opens no device. A file that cannot be read is a fact too; the plan makes a
/// problem of it. Never throws for what is in the files.
[[nodiscard]] plan::HostFacts gather(const plan::Config& config, const plan::Catalogue& catalogue,
                                     unsigned ipa_bits);

} // namespace aliasvm::facts
