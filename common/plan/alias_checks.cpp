// SPDX-License-Identifier: Apache-2.0
// Each check with its own words and mend.
#include "common/plan/alias_checks.hpp"

#include "common/plan/nearest.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace aliasvm::plan
{

namespace
{

struct EmulatedDevice
{
    std::string_view instance; ///< as configurations call it
    Backing backing;
    std::string_view compatible; ///< of aliases that it can stand behind
    std::string_view what;
    std::string_view aliases;
};

constexpr std::array emulated_devices{
    EmulatedDevice{console_instance, Backing::console, "cdns,uart-r1p12", "UART", "uart0 or uart1"},
    EmulatedDevice{power_key_instance, Backing::power_key, "xlnx,zynqmp-gpio-1.0",
                   "GPIO controller", "gpio"},
    EmulatedDevice{clock_instance, Backing::clock, "xlnx,zynqmp-rtc", "real-time clock", "rtc"},
};

std::vector<std::string> names_of(const std::vector<Instance>& instances)
{
    std::vector<std::string> names;
    std::ranges::transform(instances, std::back_inserter(names), &Instance::name);
    return names;
}

} // namespace

std::optional<Backing> emulated(std::string_view instance)
{
    const auto found = std::ranges::find(emulated_devices, instance, &EmulatedDevice::instance);
    return found == emulated_devices.end() ? std::nullopt : std::optional{found->backing};
}

bool AliasChecks::no(const SourcePosition& at, std::string what, std::string mend)
{
    problems_->push_back({at, std::move(what), std::move(mend)});
    return false;
}

/// What can stand behind the alias; everything if the alias is of no known kind.
std::vector<std::string> AliasChecks::instances_like(const Instance* identity) const
{
    std::vector<std::string> names;
    for (const Instance& instance : catalogue_->instances())
    {
        if (identity == nullptr || instance.compatible == identity->compatible)
            names.push_back(instance.name);
    }
    for (const EmulatedDevice& device : emulated_devices)
    {
        if (identity == nullptr || identity->is(device.compatible))
            names.emplace_back(device.instance);
    }
    return names;
}

std::string AliasChecks::instance_mend(const std::string& name, const Instance* identity) const
{
    if (const Instance* meant = catalogue_->find_sysname(name))
        return fmt::format("{} is \"{}\" here", name, meant->name);
    // Likely is what can stand behind this alias; but who meant another device should hear so.
    const std::vector<std::string> alike = instances_like(identity);
    const std::vector<std::string> all = instances_like(nullptr);
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
    std::vector<std::string> known = names_of(catalogue_->instances());
    std::ranges::copy(names_of(catalogue_->emulated()), std::back_inserter(known));
    const auto meant = nearest(name, known);
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
    const auto device =
        std::ranges::find(emulated_devices, alias.instance.value, &EmulatedDevice::instance);
    if (identity != nullptr && identity->is(device->compatible))
        return true;
    return no(alias.instance.at,
              fmt::format("alias {} cannot be \"{}\", which is an emulated {}", alias.name.value,
                          alias.instance.value, device->what),
              identity == nullptr
                  ? fmt::format("name the alias {}", device->aliases)
                  : fmt::format("write one of: {}", fmt::join(instances_like(identity), ", ")));
}

const Instance* AliasChecks::instance(const AliasConfig& alias, const Instance* identity)
{
    const std::string& name = alias.instance.value;
    if (const Instance* instance = catalogue_->find(name))
        return instance;
    if (catalogue_->find_identity(name) != nullptr)
    {
        no(alias.instance.at,
           fmt::format("{} cannot stand behind alias {}: it is the host's", name, alias.name.value),
           identity == nullptr
               ? std::string{"aliasvm devices --all lists what can"}
               : fmt::format("write one of: {}", fmt::join(instances_like(identity), ", ")));
        return nullptr;
    }
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
