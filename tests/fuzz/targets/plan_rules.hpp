// SPDX-License-Identifier: Apache-2.0
// What holds of every plan, checked without any of the planner's own checks.
#pragma once

#include "common/plan/catalogue.hpp"
#include "common/plan/config.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/plan.hpp"

#include <string>

namespace aliasvm::fuzz
{

/// The build's, by the environment's ALIASVM_TEST_CATALOGUE.
[[nodiscard]] const plan::Catalogue& zynqmp();

/// A finding unless it holds: RAM is ascending, apart, and as much as was asked for; nothing that
/// is placed leaves RAM or touches anything else; no window touches RAM, the GIC or another; what
/// stands behind an alias is the catalogue's; each SPI and MAC address is there once.
void require_sound(const plan::VmPlan& plan, const plan::Config& config,
                   const plan::Catalogue& catalogue, const plan::HostFacts& facts);

/// A finding unless problems are told with words, a place in the text and in its order.
void require_told(const Problems& problems, const std::string& file, std::string_view text);

/// Plans twice: a finding unless both say the same and keep the rules above. The plan as text, or
/// its problems.
std::string plan_soundly(const plan::Config& config, const plan::Catalogue& catalogue,
                         const plan::HostFacts& facts, std::string_view text);

} // namespace aliasvm::fuzz
