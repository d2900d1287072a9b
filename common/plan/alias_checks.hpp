// SPDX-License-Identifier: Apache-2.0
// Whether what a configuration puts behind an alias can stand there.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/catalogue.hpp"
#include "common/plan/config.hpp"
#include "common/plan/plan.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::plan
{

/// What stands behind an alias whose `instance` is an emulated device; nothing if it is none.
[[nodiscard]] std::optional<Backing> emulated(std::string_view instance);

/// Asked of one alias after the other. `identity` is the catalogue's device of the alias's name, or
/// null. Whoever says no has added a problem.
class AliasChecks
{
public:
    AliasChecks(const Catalogue& catalogue, Problems& problems)
        : catalogue_{&catalogue}, problems_{&problems}
    {
    }

    /// An alias of a name of one's own must bring all that the catalogue would have told.
    bool identity(const AliasConfig& alias, const Instance* identity);
    /// The emulated device is of the alias's kind.
    bool emulation(const AliasConfig& alias, const Instance* identity);
    /// Null if the catalogue has none of that name.
    const Instance* instance(const AliasConfig& alias, const Instance* identity);
    bool kind(const AliasConfig& alias, const Instance& identity, const Instance& instance);
    /// No alias before this one has the instance.
    bool first_use(const AliasConfig& alias);
    /// Keys that only some kinds have; `like` is what the alias looks like.
    bool keys(const AliasConfig& alias, const Instance& like);

private:
    bool no(const SourcePosition& at, std::string what, std::string mend);
    [[nodiscard]] std::vector<std::string> instances_like(const Instance* identity) const;
    [[nodiscard]] std::string instance_mend(const std::string& name,
                                            const Instance* identity) const;

    const Catalogue* catalogue_;
    Problems* problems_;
    std::map<std::string, std::string, std::less<>> users_; ///< instance → alias that has it
};

} // namespace aliasvm::plan
