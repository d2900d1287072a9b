// SPDX-License-Identifier: Apache-2.0
// Each check with its own words and mend.
#include "common/plan/alias_checks.hpp"

#include "common/plan/nearest.hpp"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace aliasvm::plan
{

namespace
{

// What the emulated devices are.
constexpr std::string_view uart_compatible = "cdns,uart-r1p12";
constexpr std::string_view gpio_compatible = "xlnx,zynqmp-gpio-1.0";

} // namespace

bool emulated(std::string_view instance)
{
    return instance == console_instance || instance == power_key_instance;
}

bool AliasChecks::no(const SourcePosition& at, std::string what, std::string mend)
{
    problems_->push_back({at, std::move(what), std::move(mend)});
    return false;
}

/// What could stand behind the alias; everything if the alias is of no known kind.
std::vector<std::string> AliasChecks::instances_like(const Instance* identity) const
{
    std::vector<std::string> names;
    for (const Instance& instance : catalogue_->instances())
    {
        if (identity == nullptr || instance.compatible == identity->compatible)
            names.push_back(instance.name);
    }
    if (identity != nullptr && identity->is(uart_compatible))
        names.emplace_back(console_instance);
    if (identity != nullptr && identity->is(gpio_compatible))
        names.emplace_back(power_key_instance);
    return names;
}

std::string AliasChecks::instance_mend(const std::string& name, const Instance* identity) const
{
    if (const Instance* meant = catalogue_->find_sysname(name))
        return fmt::format("{} is \"{}\" here", name, meant->name);
    // Likely is what can stand behind this alias; but who meant another device should hear so.
    const std::vector<std::string> alike = instances_like(identity);
    std::vector<std::string> all = instances_like(nullptr);
    all.emplace_back(console_instance);
    all.emplace_back(power_key_instance);
    if (nearest(name, alike))
        return suggest(name, alike);
    if (nearest(name, all))
        return suggest(name, all);
    return suggest(name, alike) + "; or \"\" for nothing yet";
}

bool AliasChecks::identity(const AliasConfig& alias, const Instance* identity)
{
    if (identity != nullptr)
        return true;
    const std::string& name = alias.name.value;
    const std::string unknown = fmt::format("unknown alias \"{}\"", name);
    const auto meant = nearest(name, instances_like(nullptr));
    const std::string guess = meant ? fmt::format("did you mean \"{}\"? If not, ", *meant) : "";
    if (!alias.address || !alias.spis)
    {
        return no(
            alias.name.at, unknown,
            fmt::format("{}write a table [alias.{}] with instance, address and spis", guess, name));
    }
    if (alias.instance.value == no_instance)
    {
        return no(alias.instance.at, fmt::format("{} has no instance to tell what it is", unknown),
                  fmt::format("{}give it an instance", guess));
    }
    return true;
}

bool AliasChecks::emulation(const AliasConfig& alias, const Instance* identity)
{
    const bool console = alias.instance.value == console_instance;
    if (identity != nullptr && identity->is(console ? uart_compatible : gpio_compatible))
        return true;
    return no(alias.instance.at,
              fmt::format("alias {} cannot be \"{}\", which is an emulated {}", alias.name.value,
                          alias.instance.value, console ? "UART" : "GPIO controller"),
              identity == nullptr
                  ? std::string{console ? "name the alias uart0 or uart1" : "name the alias gpio"}
                  : fmt::format("write one of: {}", fmt::join(instances_like(identity), ", ")));
}

const Instance* AliasChecks::instance(const AliasConfig& alias, const Instance* identity)
{
    const std::string& name = alias.instance.value;
    if (const Instance* instance = catalogue_->find(name))
        return instance;
    no(alias.instance.at,
       fmt::format("unknown instance \"{}\" for alias {}", name, alias.name.value),
       instance_mend(name, identity));
    return nullptr;
}

bool AliasChecks::kind(const AliasConfig& alias, const Instance& identity, const Instance& instance)
{
    if (identity.compatible == instance.compatible)
        return true;
    return no(alias.instance.at,
              fmt::format("alias {} is a {}, but {} is a {}", identity.name,
                          identity.compatible.front(), instance.name, instance.compatible.front()),
              fmt::format("write one of: {}", fmt::join(instances_like(&identity), ", ")));
}

bool AliasChecks::first_use(const AliasConfig& alias)
{
    const auto [user, first] = users_.emplace(alias.instance.value, alias.name.value);
    if (first)
        return true;
    return no(alias.instance.at,
              fmt::format("instance {} is given to alias {} and to alias {}", user->first,
                          user->second, alias.name.value),
              "give each instance to one alias; write \"\" for nothing yet");
}

bool AliasChecks::keys(const AliasConfig& alias, const Instance& like)
{
    if (like.is(ethernet_compatible))
        return true;
    bool good = true;
    const auto refuse = [&](const char* key, const SourcePosition& at)
    {
        good = no(at,
                  fmt::format("{} is for Ethernet, but alias {} is a {}", key, alias.name.value,
                              like.compatible.front()),
                  "take the line out");
    };
    if (alias.mac)
        refuse("mac", alias.mac->at);
    if (alias.phy)
        refuse("phy", alias.phy->at);
    return good;
}

} // namespace aliasvm::plan
