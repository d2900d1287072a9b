// SPDX-License-Identifier: Apache-2.0
// One alias at a time: its identity, its instance, its windows, its lines.
#include "vmm/plan/alias_planner.hpp"

#include "vmm/plan/nearest.hpp"

#include <algorithm>
#include <map>
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
constexpr std::string_view default_power_key_alias = "gpio";

bool emulated(std::string_view instance)
{
    return instance == console_instance || instance == power_key_instance;
}

class AliasPlanner
{
public:
    AliasPlanner(const Catalogue& catalogue, Problems& problems)
        : catalogue_{&catalogue}, problems_{&problems}
    {
    }

    std::optional<LocatedAlias> plan(const AliasConfig& alias);

private:
    void problem(const SourcePosition& at, std::string what, std::string mend);
    std::vector<std::string> instances_like(const Instance* identity) const;
    bool check_emulated(const AliasConfig& alias, const Instance* identity);
    const Instance* find_instance(const AliasConfig& alias, const Instance* identity);
    std::string instance_mend(const std::string& name, const Instance* identity) const;
    bool check_identity(const AliasConfig& alias, const Instance* identity);
    bool check_kind(const AliasConfig& alias, const Instance& identity, const Instance& instance);
    bool check_first_use(const AliasConfig& alias);
    bool plan_windows(const AliasConfig& alias, const Instance& identity, const Instance* instance,
                      AliasPlan& plan);
    bool plan_lines(const AliasConfig& alias, const Instance& identity, const Instance* instance,
                    AliasPlan& plan);
    std::optional<Spi> guest_spi(const Located<std::uint64_t>& number);

    const Catalogue* catalogue_;
    Problems* problems_;
    std::map<std::string, std::string, std::less<>> users_; ///< instance → alias that has it
};

void AliasPlanner::problem(const SourcePosition& at, std::string what, std::string mend)
{
    problems_->push_back({at, std::move(what), std::move(mend)});
}

/// What could stand behind the alias; everything if the alias is of no known kind.
std::vector<std::string> AliasPlanner::instances_like(const Instance* identity) const
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

bool AliasPlanner::check_emulated(const AliasConfig& alias, const Instance* identity)
{
    const bool console = alias.instance.value == console_instance;
    if (identity != nullptr && identity->is(console ? uart_compatible : gpio_compatible))
        return true;
    problem(alias.instance.at,
            fmt::format("alias {} cannot be \"{}\", which is an emulated {}", alias.name.value,
                        alias.instance.value, console ? "UART" : "GPIO controller"),
            identity == nullptr
                ? std::string{console ? "name the alias uart0 or uart1" : "name the alias gpio"}
                : fmt::format("write one of: {}", fmt::join(instances_like(identity), ", ")));
    return false;
}

const Instance* AliasPlanner::find_instance(const AliasConfig& alias, const Instance* identity)
{
    const std::string& name = alias.instance.value;
    if (const Instance* instance = catalogue_->find(name))
        return instance;
    problem(alias.instance.at,
            fmt::format("unknown instance \"{}\" for alias {}", name, alias.name.value),
            instance_mend(name, identity));
    return nullptr;
}

std::string AliasPlanner::instance_mend(const std::string& name, const Instance* identity) const
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

/// An alias of a name of one's own must bring all that the catalogue would have told.
bool AliasPlanner::check_identity(const AliasConfig& alias, const Instance* identity)
{
    if (identity != nullptr)
        return true;
    const std::string& name = alias.name.value;
    const std::string unknown = fmt::format("unknown alias \"{}\"", name);
    const auto meant = nearest(name, instances_like(nullptr));
    const std::string guess = meant ? fmt::format("did you mean \"{}\"? If not, ", *meant) : "";
    if (!alias.address || !alias.spis)
    {
        problem(
            alias.name.at, unknown,
            fmt::format("{}write a table [alias.{}] with instance, address and spis", guess, name));
        return false;
    }
    if (alias.instance.value == no_instance)
    {
        problem(alias.instance.at, fmt::format("{} has no instance to tell what it is", unknown),
                fmt::format("{}give it an instance", guess));
        return false;
    }
    return true;
}

bool AliasPlanner::check_kind(const AliasConfig& alias, const Instance& identity,
                              const Instance& instance)
{
    if (identity.compatible == instance.compatible)
        return true;
    problem(alias.instance.at,
            fmt::format("alias {} is a {}, but {} is a {}", identity.name,
                        identity.compatible.front(), instance.name, instance.compatible.front()),
            fmt::format("write one of: {}", fmt::join(instances_like(&identity), ", ")));
    return false;
}

bool AliasPlanner::check_first_use(const AliasConfig& alias)
{
    const auto [user, first] = users_.emplace(alias.instance.value, alias.name.value);
    if (first)
        return true;
    problem(alias.instance.at,
            fmt::format("instance {} is given to alias {} and to alias {}", user->first,
                        user->second, alias.name.value),
            "give each instance to one alias; write \"\" for nothing yet");
    return false;
}

bool AliasPlanner::plan_windows(const AliasConfig& alias, const Instance& identity,
                                const Instance* instance, AliasPlan& plan)
{
    if (instance != nullptr && !std::ranges::equal(identity.windows, instance->windows, {},
                                                   &HostRange::size, &HostRange::size))
    {
        problem(
            alias.instance.at,
            fmt::format("the register windows of {} and {} differ", identity.name, instance->name),
            "choose an instance with the same windows");
        return false;
    }
    const std::uint64_t first = identity.windows.front().base.value;
    const std::uint64_t base = alias.address ? alias.address->value : first;
    if (!page_aligned(base))
    {
        problem(
            alias.address ? alias.address->at : alias.name.at,
            fmt::format("address 0x{:08x} of alias {} is not at a page boundary", base, plan.name),
            fmt::format("write 0x{:08x}, or another multiple of 0x1000",
                        base / page_size * page_size));
        return false;
    }
    for (std::size_t index = 0; index < identity.windows.size(); ++index)
    {
        // Further windows keep their distance from the first.
        const HostRange& window = identity.windows[index];
        plan.windows.push_back(
            {{GuestAddr{base + (window.base.value - first)}, window.size},
             instance == nullptr ? std::nullopt : std::optional{instance->windows[index]},
             static_cast<std::uint32_t>(index)});
    }
    return true;
}

std::optional<Spi> AliasPlanner::guest_spi(const Located<std::uint64_t>& number)
{
    if (const auto spi = Spi::from_dt_cell(number.value))
        return spi;
    const auto from_intid = Spi::from_intid(number.value);
    problem(number.at, fmt::format("SPI {} is not within 0 and {}", number.value, Spi::count - 1),
            from_intid
                ? fmt::format("if {} is the INTID, write {}", number.value, from_intid->dt_cell())
                : std::string{"write the number as in a device tree: INTID less 32"});
    return std::nullopt;
}

bool AliasPlanner::plan_lines(const AliasConfig& alias, const Instance& identity,
                              const Instance* instance, AliasPlan& plan)
{
    const std::size_t count = identity.lines.size();
    if (instance != nullptr && instance->lines.size() != count)
    {
        problem(alias.instance.at,
                fmt::format("{} has {} interrupts, but {} has {}", identity.name, count,
                            instance->name, instance->lines.size()),
                "choose an instance with as many");
        return false;
    }
    if (alias.spis && alias.spis->size() != count)
    {
        std::vector<std::uint32_t> own;
        for (const InstanceLine& line : identity.lines)
            own.push_back(line.spi.dt_cell());
        problem(alias.spis->empty() ? alias.name.at : alias.spis->front().at,
                fmt::format("spis of alias {} has {} numbers, but {} has {} interrupt lines",
                            plan.name, alias.spis->size(), identity.name, count),
                fmt::format("write one for each line; those of {} are {}", identity.name, own));
        return false;
    }
    bool good = true;
    for (std::size_t index = 0; index < count; ++index)
    {
        const InstanceLine& line = identity.lines[index];
        const auto guest = alias.spis ? guest_spi((*alias.spis)[index]) : std::optional{line.spi};
        good = good && guest.has_value();
        if (!guest)
            continue;
        const InstanceLine* host = instance == nullptr ? nullptr : &instance->lines[index];
        plan.lines.push_back({*guest, host == nullptr ? std::nullopt : std::optional{host->spi},
                              line.trigger, host == nullptr ? line.vfio_irq : host->vfio_irq});
    }
    return good;
}

std::optional<LocatedAlias> AliasPlanner::plan(const AliasConfig& alias)
{
    const Instance* identity = catalogue_->find(alias.name.value);
    const std::string& wanted = alias.instance.value;
    AliasPlan plan;
    plan.name = alias.name.value;
    const Instance* instance = nullptr;
    bool good = check_identity(alias, identity);
    if (emulated(wanted))
    {
        plan.backing = wanted == console_instance ? Backing::console : Backing::power_key;
        good = good && check_emulated(alias, identity);
    }
    else if (wanted == no_instance)
        plan.backing = Backing::none;
    else
    {
        instance = find_instance(alias, identity);
        good = good && instance != nullptr;
        if (good && identity != nullptr)
            good = check_kind(alias, *identity, *instance);
        if (instance != nullptr)
        {
            plan.backing = Backing::instance;
            plan.instance = instance->name;
            plan.sysname = instance->sysname;
            plan.dma = instance->dma();
        }
    }
    if (!good || (instance != nullptr && !check_first_use(alias)))
        return std::nullopt;

    const Instance& like = identity != nullptr ? *identity : *instance;
    plan.node = like.node;
    good = plan_windows(alias, like, instance, plan);
    good = plan_lines(alias, like, instance, plan) && good;
    if (!good)
        return std::nullopt;
    return LocatedAlias{std::move(plan), alias.name.at,
                        alias.address ? alias.address->at : alias.name.at,
                        alias.spis && !alias.spis->empty() ? alias.spis->front().at : alias.name.at,
                        alias.address.has_value()};
}

} // namespace

std::vector<LocatedAlias> plan_aliases(const Config& config, const Catalogue& catalogue,
                                       Problems& problems)
{
    std::vector<AliasConfig> wanted = config.aliases;
    const bool named = std::ranges::any_of(wanted, [](const AliasConfig& alias)
                                           { return alias.name.value == default_power_key_alias; });
    if (!named && catalogue.find(default_power_key_alias) != nullptr)
    {
        const SourcePosition whole_file{config.file, 0, 0};
        wanted.push_back({{std::string{default_power_key_alias}, whole_file},
                          {std::string{power_key_instance}, whole_file},
                          std::nullopt,
                          std::nullopt});
    }

    AliasPlanner planner{catalogue, problems};
    std::vector<LocatedAlias> aliases;
    for (const AliasConfig& alias : wanted)
    {
        if (auto planned = planner.plan(alias))
            aliases.push_back(std::move(*planned));
    }
    return aliases;
}

} // namespace aliasvm::plan
