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
#include <variant>

namespace aliasvm::control
{

namespace error_name = bus::error_name;
using bus::NamedError;

namespace
{

constexpr std::string_view uart_compatible = "cdns,uart-r1p12";

/// Null if there is none; as constant as the configuration.
auto* find_alias(auto& config, std::string_view name)
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

Bindings::Bindings(plan::Config config, const plan::Catalogue& catalogue, plan::HostTraits host)
    : config_{std::move(config)}, catalogue_{catalogue}, host_{std::move(host)}
{
}

const plan::AliasPlan& Bindings::find(const Aliases& now, std::string_view alias) const
{
    const auto found = std::ranges::find_if(now, [alias](const plan::AliasPlan& one)
                                            { return one.name == alias; });
    if (found == now.end())
        throw NamedError{error_name::no_such_alias, "{} has no alias {}; what it has: {}",
                         vm().str(), alias, plan::bindings_text(now)};
    return *found;
}

plan::AliasPlan Bindings::plan_attach(const Aliases& now, std::string_view alias,
                                      std::string_view instance) const
{
    const plan::AliasPlan& was = find(now, alias);
    if (was.backing != plan::Backing::none)
        throw NamedError{error_name::alias_in_use, "alias {} of {} is taken: {}", alias, vm().str(),
                         plan::binding_text(was)};
    if (catalogue_.find(instance) == nullptr)
        throw NamedError{error_name::no_such_device, "there is no device {}", instance};
    for (const plan::AliasPlan& other : now)
    {
        if (other.instance == instance)
            throw NamedError{error_name::device_busy, "{} is behind alias {} of {} already",
                             instance, other.name, vm().str()};
    }

    const plan::AliasConfig* const own = find_alias(config_, alias);
    if (own == nullptr)
        throw NamedError{error_name::no_such_alias, "alias {} is not of the configuration", alias};
    auto planned = plan::plan_alias(config_, catalogue_, host_, *own, instance);
    if (const auto* const problems = std::get_if<Problems>(&planned))
        throw NamedError{error_name::alias_mismatch, "{}", problems->front().what};
    auto wanted = std::get<plan::AliasPlan>(std::move(planned));
    require_same_kind(was, wanted);
    return wanted;
}

/// An alias of a name of one's own is what its instance is, for the planner. But the guest was
/// told once what the alias is, and goes on seeing that.
void Bindings::require_same_kind(const plan::AliasPlan& was, const plan::AliasPlan& wanted) const
{
    const auto kind = [this](const plan::AliasPlan& alias)
    {
        const plan::Instance* const found = catalogue_.find_node(alias.node);
        return found == nullptr ? std::string{} : found->compatible.front();
    };
    const bool same_triggers =
        std::ranges::equal(was.lines, wanted.lines, {}, &plan::Line::trigger, &plan::Line::trigger);
    if (kind(was) != kind(wanted) || !same_triggers || !plan::same_to_guest(was, wanted))
        throw NamedError{error_name::alias_mismatch,
                         "alias {} is a {} to its guest, which {} is not, or not alike", was.name,
                         kind(was), wanted.instance};
}

void Bindings::require_instance(const Aliases& now, std::string_view alias) const
{
    const plan::AliasPlan& found = find(now, alias);
    if (found.backing != plan::Backing::instance)
        throw NamedError{error_name::wrong_state, "no device is behind alias {} of {}: {}", alias,
                         vm().str(), plan::binding_text(found)};
}

const plan::AliasPlan* Bindings::physical_console(const Aliases& now) const
{
    for (const plan::AliasPlan& alias : now)
    {
        const plan::Instance* const instance = catalogue_.find(alias.instance);
        if (instance != nullptr && instance->is(uart_compatible))
            return &alias;
    }
    return nullptr;
}

} // namespace aliasvm::control
