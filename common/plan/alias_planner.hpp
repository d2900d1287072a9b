// SPDX-License-Identifier: Apache-2.0
// What stands behind each alias, and where the guest sees it.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/catalogue.hpp"
#include "common/plan/config.hpp"
#include "common/plan/plan.hpp"

#include <vector>

namespace aliasvm::plan
{

/// A planned alias and where to point when it is in the way of something.
struct LocatedAlias
{
    AliasPlan plan;
    SourcePosition name_at;
    SourcePosition instance_at;
    SourcePosition window_at; ///< the key address, or the name
    SourcePosition lines_at;  ///< the key spis, or the name
    SourcePosition mac_at;    ///< the key mac, or the name
    bool address_given{};
};

/// One entry for each alias of the configuration, and `gpio` with the power key unless the
/// configuration names an alias gpio. An alias with a problem is left out. Whether aliases are in
/// each other's way is not looked at here.
[[nodiscard]] std::vector<LocatedAlias>
plan_aliases(const Config& config, const Catalogue& catalogue, Problems& problems);

} // namespace aliasvm::plan
