// SPDX-License-Identifier: Apache-2.0
// What may stand behind an alias of a machine that runs.
#include "vmm/control/bindings.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "common/plan/alias_planner.hpp"
#include "common/plan/print.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace aliasvm::control
{

namespace error_name = bus::error_name;
using bus::NamedError;

namespace
{

constexpr std::string_view uart_compatible = "cdns,uart-r1p12";

plan::AliasConfig* find_alias(plan::Config& config, std::string_view name)
{
    const auto found = std::ranges::find(config.aliases, name,
                                         [](const plan::AliasConfig& alias)
                                         { return std::string_view{alias.name.value}; });
    return found == config.aliases.end() ? nullptr : &*found;
}

} // namespace

void apply_bindings(plan::Config& config, const BindingMap& bindings)
{
    for (const auto& [name, instance] : bindings)
    {
        plan::AliasConfig* const alias = find_alias(config, name);
        if (alias == nullptr)
            throw Error{EPROTO,
                        "put \"{}\" behind {}, as aliasvmd says: {} has no such alias; if its "
                        "configuration lost it, release the device first",
                        instance, name, config.file};
        alias->instance.value = instance;
    }
}

Bindings::Bindings(plan::Config config, plan::VmPlan plan, const plan::Catalogue& catalogue)
    : config_{std::move(config)}, plan_{std::move(plan)}, catalogue_{catalogue}
{
}

std::size_t Bindings::position_of(std::string_view alias) const
{
    for (std::size_t position = 0; position < plan_.aliases.size(); ++position)
    {
        if (plan_.aliases[position].name == alias)
            return position;
    }
    throw NamedError{error_name::no_such_alias, "{} has no alias {}; what it has: {}",
                     plan_.name.str(), alias, plan::bindings_text(plan_)};
}

plan::AliasPlan Bindings::plan_attach(std::string_view alias, std::string_view instance) const
{
    const plan::AliasPlan& was = plan_.aliases[position_of(alias)];
    if (was.backing != plan::Backing::none)
        throw NamedError{error_name::alias_in_use, "alias {} of {} is taken: {}", alias,
                         plan_.name.str(), plan::binding_text(was)};
    if (catalogue_.find(instance) == nullptr)
        throw NamedError{error_name::no_such_device, "there is no device {}", instance};
    for (const plan::AliasPlan& other : plan_.aliases)
    {
        if (other.instance == instance)
            throw NamedError{error_name::device_busy, "{} is behind alias {} of {} already",
                             instance, other.name, plan_.name.str()};
    }

    // This alias alone is planned: another one is no part of the question. That the emulated power
    // key comes along is the planner's way.
    plan::Config asked = config_;
    const plan::AliasConfig* const own = find_alias(asked, alias);
    if (own == nullptr)
        throw NamedError{error_name::no_such_alias, "alias {} is not of the configuration", alias};
    asked.aliases = {plan::AliasConfig{*own}};
    asked.aliases.front().instance.value = instance;
    Problems problems;
    const auto planned = plan::plan_aliases(asked, catalogue_, problems);
    if (!problems.empty())
        throw NamedError{error_name::alias_mismatch, "{}", problems.front().what};
    plan::AliasPlan wanted = planned.at(0).plan;
    require_same_kind(was, wanted);
    return wanted;
}

/// An alias of a name of one's own is what its instance is, for the planner. But the guest was
/// told once what the alias is, and goes on seeing that.
void Bindings::require_same_kind(const plan::AliasPlan& was, const plan::AliasPlan& wanted) const
{
    const auto kind = [this](const plan::AliasPlan& alias)
    {
        const auto found = std::ranges::find(catalogue_.instances(), alias.node,
                                             [](const plan::Instance& one) { return one.node; });
        return found == catalogue_.instances().end() ? std::string{} : found->compatible.front();
    };
    const bool same_windows = std::ranges::equal(was.windows, wanted.windows, {},
                                                 &plan::Window::guest, &plan::Window::guest);
    const bool same_lines =
        std::ranges::equal(was.lines, wanted.lines,
                           [](const plan::Line& a, const plan::Line& b)
                           { return a.guest == b.guest && a.trigger == b.trigger; });
    if (kind(was) != kind(wanted) || !same_windows || !same_lines)
        throw NamedError{error_name::alias_mismatch,
                         "alias {} is a {} to its guest, which {} is not, or not alike", was.name,
                         kind(was), wanted.instance};
}

void Bindings::attached(const plan::AliasPlan& alias)
{
    plan::AliasPlan& own = plan_.aliases[position_of(alias.name)];
    // The node is the one that the guest's was made from, once and for all.
    std::string node = std::move(own.node);
    own = alias;
    own.node = std::move(node);
}

void Bindings::require_instance(std::string_view alias) const
{
    const plan::AliasPlan& found = plan_.aliases[position_of(alias)];
    if (found.backing != plan::Backing::instance)
        throw NamedError{error_name::wrong_state, "no device is behind alias {} of {}: {}", alias,
                         plan_.name.str(), plan::binding_text(found)};
}

void Bindings::detached(std::string_view alias)
{
    plan::AliasPlan& own = plan_.aliases[position_of(alias)];
    own.backing = plan::Backing::none;
    own.instance.clear();
    own.sysname.clear();
    own.dma = Dma::none;
    for (plan::Window& window : own.windows)
        window.host.reset();
    for (plan::Line& line : own.lines)
        line.host.reset();
}

const plan::AliasPlan* Bindings::physical_console() const
{
    for (const plan::AliasPlan& alias : plan_.aliases)
    {
        const plan::Instance* const instance = catalogue_.find(alias.instance);
        if (instance != nullptr && instance->is(uart_compatible))
            return &alias;
    }
    return nullptr;
}

} // namespace aliasvm::control
