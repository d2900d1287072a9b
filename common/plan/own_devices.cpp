// SPDX-License-Identifier: Apache-2.0
// First everything that is not there is disabled; then it is known what the rest may point at.
#include "common/plan/own_devices.hpp"

#include "common/plan/guest_devices.hpp"
#include "common/plan/machine_nodes.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

/// Properties that point at what the SoC has beside the device, and those that go with them.
struct Pointer
{
    const char* property;
    std::array<const char*, 3> and_with_it;
};
constexpr std::array pointers{
    Pointer{"power-domains", {"power-domain-names"}},
    Pointer{"resets", {"reset-names"}},
    Pointer{"iommus", {}},
    Pointer{"pinctrl-0", {"pinctrl-1", "pinctrl-names"}},
    Pointer{"assigned-clocks", {"assigned-clock-parents", "assigned-clock-rates"}},
    Pointer{"phys", {"phy-names"}},
};

void disable(fdt::Draft& node, OwnTree& made)
{
    node.set_strings("status", {"disabled"});
    made.absent.push_back(node.name());
}

bool is_gic(const fdt::Draft& node)
{
    return std::ranges::any_of(gic_compatible,
                               [&node](const std::string& one) { return node.is(one); });
}

void settle_triggers(fdt::Draft& node, const AliasPlan& alias)
{
    constexpr std::size_t entry = 3;
    std::vector<std::uint32_t> cells = node.cells("interrupts");
    if (cells.empty() || cells.size() % entry != 0)
        return;
    for (std::size_t at = 0; at < cells.size(); at += entry)
    {
        for (const Line& line : alias.lines)
        {
            if (cells[at] == irq_spi && cells[at + 1] == line.guest.dt_cell())
                cells[at + 2] = line.trigger == Trigger::edge ? irq_edge_rising : irq_level_high;
        }
    }
    node.set_cells("interrupts", cells);
}

/// Below the GEM or below its MDIO bus; null if there is none.
fdt::Draft* find_phy(fdt::Draft& gem, std::uint32_t address)
{
    for (fdt::Draft* const bus : {gem.find("mdio"), &gem})
    {
        if (bus == nullptr)
            continue;
        const auto found =
            std::ranges::find(bus->children(), std::vector<std::uint32_t>{address},
                              [](const fdt::Draft& child) { return child.cells("reg"); });
        if (found != bus->children().end())
            return &*found;
    }
    return nullptr;
}

/// mdio.yaml, as in a generated tree.
fdt::Draft& add_phy(fdt::Draft& gem, std::uint32_t address)
{
    fdt::Draft& mdio = gem.child("mdio");
    mdio.set_cells("#address-cells", {1});
    mdio.set_cells("#size-cells", {0});
    fdt::Draft& phy = mdio.add(fmt::format("ethernet-phy@{:x}", address));
    phy.set_cells("reg", {address});
    return phy;
}

} // namespace

bool OwnDevices::has(const fdt::Reg& place) const
{
    const GuestAddr base{place.address};
    const auto holds = [&](const GuestRange& range) { return range.contains(base); };
    const auto holds_all = [&](const Bank& bank)
    { return bank.range.contains(base, std::max<std::uint64_t>(place.size, 1)); };
    return holds(plan_->gic_distributor) || holds(plan_->gic_cpu_interface) ||
           std::ranges::any_of(plan_->memory, holds_all) ||
           (plan_->ocm && holds_all(*plan_->ocm)) ||
           std::ranges::any_of(plan_->aliases,
                               [&](const AliasPlan& alias) {
                                   return std::ranges::any_of(alias.windows, holds, &Window::guest);
                               });
}

const AliasPlan* OwnDevices::alias_at(std::uint64_t address) const
{
    const auto found =
        std::ranges::find(plan_->aliases, GuestAddr{address},
                          [](const AliasPlan& a) { return a.windows.front().guest.base; });
    return found == plan_->aliases.end() ? nullptr : &*found;
}

void OwnDevices::settle_gic(fdt::Draft& gic, const fdt::BusAddresses& addresses, OwnTree& made,
                            std::vector<ImageFault>& faults) const
{
    const GuestRange& distributor = plan_->gic_distributor;
    const GuestRange& cpu_interface = plan_->gic_cpu_interface;
    const auto reg = addresses.reg_of({{distributor.base.value, distributor.size},
                                       {cpu_interface.base.value, cpu_interface.size}});
    if (!reg)
        return faults.push_back(
            {fmt::format("has {} on a bus whose ranges do not lead to 0x{:x}, where this VM's GIC "
                         "is",
                         gic.name(), distributor.base.value),
             "put the node below the root"});
    gic.set_cells("reg", *reg);
    gic.remove("interrupts"); // that of its virtualization, which a guest has not
    for (fdt::Draft& frame : gic.children())
    {
        if (frame.available() && frame.has("reg")) // of a GICv2m
            disable(frame, made);
    }
}

void OwnDevices::settle_below(fdt::Draft& parent, const fdt::BusAddresses& addresses, OwnTree& made,
                              std::vector<ImageFault>& faults)
{
    for (fdt::Draft& node : parent.children())
    {
        const auto place = addresses.first(node);
        const AliasPlan* const alias = place ? alias_at(place->address) : nullptr;
        if (!node.available())
        {
            if (alias != nullptr)
                made.asleep.push_back(node.name());
            continue;
        }
        if (is_gic(node))
        {
            settle_gic(node, addresses, made, faults);
            continue;
        }
        if (place && !has(*place))
        {
            disable(node, made);
            continue;
        }
        if (alias != nullptr)
            aliases_.emplace_back(&node, alias);
        if (const auto below = addresses.below(node))
            settle_below(node, *below, made, faults);
    }
}

void OwnDevices::see_phandles(const fdt::Draft& node, bool available)
{
    const std::uint32_t phandle = node.phandle();
    // Not the largest number, which the specification keeps for "none".
    if (phandle != 0 && phandle != ~std::uint32_t{0})
    {
        last_phandle_ = std::max(last_phandle_, phandle);
        if (available)
            available_.emplace(phandle, &node);
    }
    for (const fdt::Draft& child : node.children())
        see_phandles(child, available && child.available());
}

bool OwnDevices::leads_nowhere(std::uint32_t phandle) const
{
    return phandle != 0 && !available_.contains(phandle);
}

bool OwnDevices::clocks_lead_nowhere(const fdt::Draft& node) const
{
    const std::vector<std::uint32_t> cells = node.cells("clocks");
    for (std::size_t at = 0; at < cells.size();)
    {
        if (leads_nowhere(cells[at]))
            return true;
        const auto provider = available_.find(cells[at]);
        at += 1;
        if (provider != available_.end())
            at += provider->second->cell("#clock-cells", 0);
    }
    return false;
}

std::uint32_t OwnDevices::phandle_of(fdt::Draft& node)
{
    if (node.phandle() == 0)
        node.set_cells("phandle", {new_phandle()});
    return node.phandle();
}

std::uint32_t OwnDevices::fixed_clock(std::uint32_t rate)
{
    const auto [clock, is_new] = clocks_.emplace(rate, 0);
    if (is_new)
    {
        clock->second = new_phandle();
        fdt::Draft& node = root_->add(fmt::format("aliasvm-clock-{}", rate));
        node.set_strings("compatible", {"fixed-clock"});
        node.set_cells("#clock-cells", {0});
        node.set_cells("clock-frequency", {rate});
        node.set_cells("phandle", {clock->second});
    }
    return clock->second;
}

/// Those of the generated tree, with their names.
void OwnDevices::settle_clocks(fdt::Draft& node, const AliasPlan& alias)
{
    const Instance* const like = catalogue_->find_node(alias.node);
    if (like == nullptr)
        return;
    const Instance* const behind = catalogue_->find(alias.instance);
    std::vector<std::uint32_t> phandles;
    for (const std::uint32_t rate : clock_rates_of(*plan_, behind != nullptr ? *behind : *like))
        phandles.push_back(fixed_clock(rate));
    std::vector<std::string> names;
    for (const Clock& clock : like->clocks)
        names.push_back(clock.name);
    node.remove("clocks");
    node.remove("clock-names");
    if (!phandles.empty())
        node.set_cells("clocks", phandles);
    if (!names.empty() && !names.front().empty())
        node.set_strings("clock-names", names);
}

void OwnDevices::settle_ethernet(fdt::Draft& node, const Ethernet& ethernet)
{
    // A driver would take the others first.
    for (const char* const other : {"mac-address", "address"})
        node.remove(other);
    const auto mac = std::as_bytes(std::span{ethernet.mac.octets});
    node.set("local-mac-address", {mac.begin(), mac.end()});
    if (!ethernet.phy)
        return;
    node.children().remove_if([](const fdt::Draft& child) { return child.stem() == "fixed-link"; });
    fdt::Draft* const there = find_phy(node, *ethernet.phy);
    node.set_cells("phy-handle",
                   {phandle_of(there != nullptr ? *there : add_phy(node, *ethernet.phy))});
}

void OwnDevices::settle_alias(fdt::Draft& node, const AliasPlan& alias)
{
    if (clocks_lead_nowhere(node))
        settle_clocks(node, alias);
    for (const Pointer& pointer : pointers)
    {
        const std::vector<std::uint32_t> cells = node.cells(pointer.property);
        if (cells.empty() || !leads_nowhere(cells.front()))
            continue;
        node.remove(pointer.property);
        for (const char* const other : pointer.and_with_it)
        {
            if (other != nullptr)
                node.remove(other);
        }
    }
    settle_triggers(node, alias);
    if (alias.ethernet)
        settle_ethernet(node, *alias.ethernet);
}

void OwnDevices::settle(const fdt::BusAddresses& addresses, OwnTree& made,
                        std::vector<ImageFault>& faults)
{
    settle_below(*root_, addresses, made, faults);
    for (const AliasPlan& alias : plan_->aliases)
    {
        if (std::ranges::count(aliases_, &alias,
                               &std::pair<fdt::Draft*, const AliasPlan*>::second) == 0)
            made.untold.push_back(alias.name);
    }
    see_phandles(*root_, true);
    for (const auto& [node, alias] : aliases_)
    {
        // The last numbers, of which there would not be enough.
        if (last_phandle_ > ~std::uint32_t{0} - own_tree_growth)
            return faults.push_back(
                {"has phandles up to the largest that there can be", "compile it anew by dtc"});
        settle_alias(*node, *alias);
    }
}

} // namespace aliasvm::plan
