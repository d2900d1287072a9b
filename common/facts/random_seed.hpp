// SPDX-License-Identifier: Apache-2.0
// What a guest begins its random numbers with.
#pragma once

#include "common/plan/host_facts.hpp"

namespace aliasvm::facts
{

/// Of the host's generator, each time another. Throws Error.
[[nodiscard]] plan::RandomSeed random_seed();

} // namespace aliasvm::facts
