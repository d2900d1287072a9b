// SPDX-License-Identifier: Apache-2.0
// One alias at a time: its identity, its instance, its windows, its lines.
#include "common/plan/alias_planner.hpp"

#include "common/plan/alias_checks.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace aliasvm::plan
{

namespace
{

constexpr std::string_view default_power_key_alias = "gpio";

class AliasPlanner
{
public:
    AliasPlanner(const Config& config, const Catalogue& catalogue, const HostTraits& host,
                 Problems& problems)
        : config_{&config},
          catalogue_{&catalogue}, host_{&host}, problems_{&problems}, checks_{catalogue, problems}
    {
    }

    std::optional<LocatedAlias> plan(const AliasConfig& alias);

private:
    void problem(const SourcePosition& at, std::string what, std::string mend);
    bool plan_windows(const AliasConfig& alias, const Instance& identity, const Instance* instance,
                      AliasPlan& plan);
    bool plan_lines(const AliasConfig& alias, const Instance& identity, const Instance* instance,
                    AliasPlan& plan);
    std::optional<Spi> guest_spi(const Located<std::uint64_t>& number);
    [[nodiscard]] std::optional<Trigger> said_trigger(const Instance& instance,
                                                      std::uint32_t vfio_irq) const;
    std::optional<Ethernet> plan_ethernet(const AliasConfig& alias, const Instance& like) const;

    const Config* config_;
    const Catalogue* catalogue_;
    const HostTraits* host_;
    Problems* problems_;
    AliasChecks checks_;
};

void AliasPlanner::problem(const SourcePosition& at, std::string what, std::string mend)
{
    problems_->push_back({at, std::move(what), std::move(mend)});
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

std::optional<Trigger> AliasPlanner::said_trigger(const Instance& instance,
                                                  std::uint32_t vfio_irq) const
{
    const auto device = host_->triggers.find(instance.sysname);
    if (device == host_->triggers.end() || vfio_irq >= device->second.size())
        return std::nullopt;
    return device->second[vfio_irq];
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
        Line& planned =
            plan.lines.emplace_back(Line{*guest, std::nullopt, line.trigger, line.vfio_irq});
        if (instance == nullptr)
            continue;
        const InstanceLine& host = instance->lines[index];
        planned.host = host.spi;
        planned.vfio_irq = host.vfio_irq;
        planned.trigger = said_trigger(*instance, host.vfio_irq).value_or(line.trigger);
    }
    return good;
}

std::optional<Ethernet> AliasPlanner::plan_ethernet(const AliasConfig& alias,
                                                    const Instance& like) const
{
    if (!like.is(ethernet_compatible))
        return std::nullopt;
    return Ethernet{alias.mac ? alias.mac->value
                              : stable_mac(config_->name, alias.name.value, host_->id),
                    alias.phy ? std::optional{alias.phy->value} : std::nullopt};
}

std::optional<LocatedAlias> AliasPlanner::plan(const AliasConfig& alias)
{
    const Instance* identity = catalogue_->find_identity(alias.name.value);
    const std::string& wanted = alias.instance.value;
    AliasPlan plan;
    plan.name = alias.name.value;
    const Instance* instance = nullptr;
    bool good = checks_.identity(alias, identity);
    if (const auto backing = emulated(wanted))
    {
        plan.backing = *backing;
        good = good && checks_.emulation(alias, identity);
    }
    else if (wanted == no_instance)
        plan.backing = Backing::none;
    else
    {
        instance = checks_.instance(alias, identity);
        good = good && instance != nullptr;
        if (good && identity != nullptr)
            good = checks_.kind(alias, *identity, *instance);
        if (instance != nullptr)
        {
            plan.backing = Backing::instance;
            plan.instance = instance->name;
            plan.sysname = instance->sysname;
            plan.compatible = instance->compatible;
            plan.dma = instance->dma() ? config_->dma.value : Dma::none;
        }
    }
    if (!good || (instance != nullptr && !checks_.first_use(alias)))
        return std::nullopt;

    const Instance& like = identity != nullptr ? *identity : *instance;
    plan.node = like.node;
    good = plan_windows(alias, like, instance, plan);
    good = plan_lines(alias, like, instance, plan) && good;
    good = checks_.keys(alias, like) && good;
    if (!good)
        return std::nullopt;
    plan.ethernet = plan_ethernet(alias, like);
    return LocatedAlias{std::move(plan),
                        alias.name.at,
                        alias.instance.at,
                        alias.address ? alias.address->at : alias.name.at,
                        alias.spis && !alias.spis->empty() ? alias.spis->front().at : alias.name.at,
                        alias.mac ? alias.mac->at : alias.name.at,
                        alias.address.has_value()};
}

} // namespace

std::vector<LocatedAlias> plan_aliases(const Config& config, const Catalogue& catalogue,
                                       const HostTraits& host, Problems& problems)
{
    std::vector<AliasConfig> wanted = config.aliases;
    const bool named = std::ranges::any_of(wanted, [](const AliasConfig& alias)
                                           { return alias.name.value == default_power_key_alias; });
    if (!named && catalogue.find(default_power_key_alias) != nullptr)
    {
        const SourcePosition whole_file{config.file, 0, 0};
        wanted.push_back({{std::string{default_power_key_alias}, whole_file},
                          {std::string{power_key_instance}, whole_file},
                          {},
                          {},
                          {},
                          {}});
    }

    AliasPlanner planner{config, catalogue, host, problems};
    std::vector<LocatedAlias> aliases;
    for (const AliasConfig& alias : wanted)
    {
        if (auto planned = planner.plan(alias))
            aliases.push_back(std::move(*planned));
    }
    return aliases;
}

std::variant<AliasPlan, Problems> plan_alias(const Config& config, const Catalogue& catalogue,
                                             const HostTraits& host, const AliasConfig& alias,
                                             std::string_view instance)
{
    AliasConfig asked = alias;
    asked.instance.value = instance;
    Problems problems;
    if (auto planned = AliasPlanner{config, catalogue, host, problems}.plan(asked))
        return std::move(planned->plan);
    return problems;
}

bool same_to_guest(const AliasPlan& a, const AliasPlan& b)
{
    return std::ranges::equal(a.windows, b.windows, {}, &Window::guest, &Window::guest) &&
           std::ranges::equal(a.lines, b.lines, {}, &Line::guest, &Line::guest);
}

} // namespace aliasvm::plan
