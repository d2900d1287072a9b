// SPDX-License-Identifier: Apache-2.0
// Bindings: which instance stands behind each alias, while that changes.
#pragma once

#include "common/plan/catalogue.hpp"
#include "common/plan/config.hpp"
#include "common/plan/plan.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace aliasvm::control
{

/// Instance by alias, as aliasvmd says them: "" for nothing.
using BindingMap = std::map<std::string, std::string, std::less<>>;

/// Puts the instances that the daemon says in the place of those of the file. Throws Error for an
/// alias that the configuration has not: then it is not this machine that the daemon talks of.
void apply_bindings(plan::Config& config, const BindingMap& bindings);

/// A book-keeper: decides what may change, opens nothing. It is told afterwards what has changed.
/// What may not change throws bus::NamedError. `catalogue` outlives it.
class Bindings
{
public:
    /// `plan` was made of `config`.
    Bindings(plan::Config config, plan::VmPlan plan, const plan::Catalogue& catalogue);

    /// How the alias looks with the instance behind it. NoSuchAlias, AliasInUse, NoSuchDevice,
    /// DeviceBusy, AliasMismatch.
    [[nodiscard]] plan::AliasPlan plan_attach(std::string_view alias,
                                              std::string_view instance) const;
    void attached(const plan::AliasPlan& alias);

    /// NoSuchAlias; WrongState if no instance is behind the alias.
    void require_instance(std::string_view alias) const;
    void detached(std::string_view alias);

    /// The first alias that is a UART with an instance behind it; null if there is none.
    [[nodiscard]] const plan::AliasPlan* physical_console() const;

    [[nodiscard]] const plan::VmPlan& plan() const noexcept { return plan_; }

private:
    [[nodiscard]] std::size_t position_of(std::string_view alias) const;
    void require_same_kind(const plan::AliasPlan& was, const plan::AliasPlan& wanted) const;

    plan::Config config_;
    plan::VmPlan plan_;
    const plan::Catalogue& catalogue_;
};

} // namespace aliasvm::control
