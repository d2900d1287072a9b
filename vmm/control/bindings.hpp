// SPDX-License-Identifier: Apache-2.0
// Bindings: what may come to stand behind an alias of a machine, by its configuration.
#pragma once

#include "common/plan/catalogue.hpp"
#include "common/plan/config.hpp"
#include "common/plan/host_facts.hpp"
#include "common/plan/plan.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::control
{

/// Instance by alias, as aliasvmd says them: "" for nothing.
using BindingMap = std::map<std::string, std::string, std::less<>>;

/// Puts the instances that the daemon says in the place of those of the file. Throws Error for an
/// alias that the configuration has not: then it is not this machine that the daemon talks of.
void apply_bindings(plan::Config& config, const BindingMap& bindings);

/// Judges, opens nothing, and keeps nothing of what changes: what stands behind the aliases now,
/// the machine says (machine::Machine::aliases()), each time. What may not be throws
/// bus::NamedError. `catalogue` outlives it.
class Bindings
{
public:
    using Aliases = std::vector<plan::AliasPlan>;

    /// The configuration that the machine was made by.
    Bindings(plan::Config config, const plan::Catalogue& catalogue, plan::HostTraits host);

    /// How the alias looks with the instance behind it. NoSuchAlias, AliasInUse, NoSuchDevice,
    /// DeviceBusy, AliasMismatch.
    [[nodiscard]] plan::AliasPlan plan_attach(const Aliases& now, std::string_view alias,
                                              std::string_view instance) const;
    /// NoSuchAlias; WrongState if no instance is behind the alias.
    void require_instance(const Aliases& now, std::string_view alias) const;
    /// The first alias that is a UART with an instance behind it; null if there is none.
    [[nodiscard]] const plan::AliasPlan* physical_console(const Aliases& now) const;

    [[nodiscard]] const VmName& vm() const noexcept { return config_.name; }

private:
    [[nodiscard]] const plan::AliasPlan& find(const Aliases& now, std::string_view alias) const;
    void require_same_kind(const plan::AliasPlan& was, const plan::AliasPlan& wanted) const;

    plan::Config config_;
    const plan::Catalogue& catalogue_;
    plan::HostTraits host_;
};

} // namespace aliasvm::control
