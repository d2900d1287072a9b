// SPDX-License-Identifier: Apache-2.0
// What stands behind each alias, and where the guest sees it.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/catalogue.hpp"
#include "common/plan/config.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/plan.hpp"

#include <string_view>
#include <variant>
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
/// each other's way is not looked at here. A line triggers as that of the instance behind it does
/// on this host, or else as the catalogue says.
[[nodiscard]] std::vector<LocatedAlias> plan_aliases(const Config& config,
                                                     const Catalogue& catalogue,
                                                     const HostTraits& host, Problems& problems);

/// One alias of the configuration, were `instance` behind it. The others are no part of the
/// question. Problems are never empty.
[[nodiscard]] std::variant<AliasPlan, Problems>
plan_alias(const Config& config, const Catalogue& catalogue, const HostTraits& host,
           const AliasConfig& alias, std::string_view instance);

/// Whether two plans of an alias are the same to a guest: windows and interrupts.
[[nodiscard]] bool same_to_guest(const AliasPlan& a, const AliasPlan& b);

} // namespace aliasvm::plan
