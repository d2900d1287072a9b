// SPDX-License-Identifier: Apache-2.0
// Nodes of the catalogue with the guest's numbers in them.
#include "common/plan/guest_devices.hpp"

#include "common/base/error.hpp"
#include "common/plan/machine_nodes.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>
#include <span>

namespace aliasvm::plan
{

namespace
{

// The board's push button, GPIO 22 (MIO22), pressed is high.
constexpr std::uint32_t power_key_pin = 22;
constexpr std::uint32_t gpio_active_high = 0;
constexpr std::uint32_t key_power = 116; // KEY_POWER of Linux's input event codes

constexpr std::string_view fixed_link = "fixed-link";

/// "uart1" → 1.
std::optional<std::uint32_t> trailing_number(const std::string& name)
{
    const auto last_other = name.find_last_not_of("0123456789");
    const std::size_t start = last_other == std::string::npos ? 0 : last_other + 1;
    std::uint32_t number = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + start, end, number);
    return error == std::errc{} && stop == end ? std::optional{number} : std::nullopt;
}

/// Whether a subnode of the catalogue is in the guest's node as well.
bool wanted(const AliasPlan& alias, const fdt::Node& subnode)
{
    return subnode.name() != fixed_link || !alias.ethernet || !alias.ethernet->phy;
}

} // namespace

std::vector<std::uint32_t> clock_rates_of(const VmPlan& plan, const Instance& instance)
{
    std::vector<std::uint32_t> rates;
    for (const Clock& clock : instance.clocks)
    {
        const auto said = clock.firmware_id ? plan.clock_rates.find(*clock.firmware_id)
                                            : plan.clock_rates.end();
        rates.push_back(said == plan.clock_rates.end() ? clock.hertz : said->second);
    }
    return rates;
}

GuestDevices::GuestDevices(const VmPlan& plan, const Catalogue& catalogue, fdt::Writer& writer)
    : plan_{&plan}, catalogue_{&catalogue}, writer_{&writer}
{
    for (const AliasPlan& alias : plan.aliases)
    {
        const Instance* const like = catalogue.find_node(alias.node);
        if (like == nullptr)
            throw Error{EINVAL, "make device tree node of alias {}: no {} in the catalogue",
                        alias.name, alias.node};
        Device device{&alias, like, catalogue.find(alias.instance)};
        if (alias.backing == Backing::power_key)
            device.phandle = writer.new_phandle();
        devices_.push_back(device);
    }
    number_devices("serial", "serial");
    number_devices("ethernet", "ethernet");
    collect_clocks();
}

/// An alias of the SoC keeps its number, so that uart1 is ttyPS1 as on the board; others get what
/// is left.
void GuestDevices::number_devices(const char* stem, const char* label)
{
    std::vector<Device*> unnumbered;
    std::set<std::uint32_t> used;
    for (Device& device : devices_)
    {
        if (!device.like->sysname.ends_with(std::string{"."} + stem))
            continue;
        const auto number = trailing_number(device.alias->name);
        if (device.alias->name == device.like->name && number && used.insert(*number).second)
            device.label = fmt::format("{}{}", label, *number);
        else
            unnumbered.push_back(&device);
    }
    std::uint32_t next = 0;
    for (Device* device : unnumbered)
    {
        while (!used.insert(next).second)
            ++next;
        device->label = fmt::format("{}{}", label, next);
    }
}

/// Of the device that is really there.
std::vector<std::uint32_t> GuestDevices::rates_of(const Device& device) const
{
    return clock_rates_of(*plan_, device.behind != nullptr ? *device.behind : *device.like);
}

void GuestDevices::collect_clocks()
{
    std::set<std::uint32_t> rates;
    for (const Device& device : devices_)
    {
        for (const std::uint32_t rate : rates_of(device))
            rates.insert(rate);
    }
    for (const std::uint32_t rate : rates)
        clocks_.emplace(rate, writer_->new_phandle());
}

void GuestDevices::write_labels()
{
    for (const Device& device : devices_)
    {
        if (!device.label.empty())
            writer_->string(device.label,
                            fmt::format("/axi/{}@{:x}",
                                        device.label.starts_with("serial") ? "serial" : "ethernet",
                                        device.alias->windows.front().guest.base.value));
    }
}

std::optional<std::string> GuestDevices::console() const
{
    // Not an empty alias: its status register reads 0, "transmitter busy" to some drivers.
    const auto found = std::ranges::find_if(
        devices_, [](const Device& device)
        { return device.label.starts_with("serial") && device.alias->backing != Backing::none; });
    return found == devices_.end() ? std::nullopt : std::optional{found->label};
}

void GuestDevices::write_clocks()
{
    for (const auto& [rate, phandle] : clocks_)
    {
        const auto node = writer_->node(fmt::format("clock-{}", rate));
        writer_->string("compatible", "fixed-clock");
        writer_->cell("#clock-cells", 0);
        writer_->cell("clock-frequency", rate);
        writer_->cell("phandle", phandle);
    }
}

void GuestDevices::write_bus()
{
    const auto axi = writer_->node("axi");
    writer_->string("compatible", "simple-bus");
    writer_->cell("#address-cells", 2);
    writer_->cell("#size-cells", 2);
    writer_->flag("ranges");
    for (const Device& device : devices_)
        write_device(device);
}

/// An alias with nothing behind it is there like any other: something may be put behind it while
/// the guest runs, and a guest looks for its devices only once.
void GuestDevices::write_device(const Device& device)
{
    const auto from = catalogue_->tree().find(device.like->node);
    if (!from)
        throw Error{EINVAL, "find {} in the catalogue", device.like->node};
    const auto node = writer_->node(
        fmt::format("{}@{:x}", from->stem(), device.alias->windows.front().guest.base.value));
    for (const fdt::Property& property : from->properties())
        write_property(device, property);
    if (device.phandle != 0)
        writer_->cell("phandle", device.phandle);

    const auto& ethernet = device.alias->ethernet;
    const std::uint32_t phy = ethernet && ethernet->phy ? writer_->new_phandle() : 0;
    if (ethernet)
        write_ethernet(*ethernet, phy);
    copy_subnodes(*from, device);
    if (ethernet)
        write_mdio(ethernet->phy, phy);
}

void GuestDevices::write_property(const Device& device, const fdt::Property& property)
{
    const std::string name{property.name};
    if (name == "reg")
        write_reg(device);
    else if (name == "interrupts")
        write_interrupts(device);
    else if (name == "clocks")
        write_clocks_of(device);
    else if (name != "phandle" && !name.starts_with("aliasvm,"))
        writer_->bytes(name, property.value);
}

void GuestDevices::write_reg(const Device& device)
{
    std::vector<std::uint32_t> reg;
    for (const Window& window : device.alias->windows)
    {
        const auto cells = fdt::two_cells({window.guest.base.value, window.guest.size});
        reg.insert(reg.end(), cells.begin(), cells.end());
    }
    writer_->cells("reg", reg);
}

/// As many as the binding has, so that a line may stand there twice.
void GuestDevices::write_interrupts(const Device& device)
{
    std::vector<std::uint32_t> interrupts;
    for (const std::uint32_t index : device.like->interrupt)
    {
        const Line& line = device.alias->lines.at(index);
        interrupts.insert(interrupts.end(),
                          {irq_spi, line.guest.dt_cell(),
                           line.trigger == Trigger::edge ? irq_edge_rising : irq_level_high});
    }
    writer_->cells("interrupts", interrupts);
}

void GuestDevices::write_clocks_of(const Device& device)
{
    std::vector<std::uint32_t> phandles;
    for (const std::uint32_t rate : rates_of(device))
        phandles.push_back(clocks_.at(rate));
    writer_->cells("clocks", phandles);
}

/// ethernet-controller.yaml. `phy` is the phandle of the PHY's node, or 0.
void GuestDevices::write_ethernet(const Ethernet& ethernet, std::uint32_t phy)
{
    writer_->bytes("local-mac-address", std::as_bytes(std::span{ethernet.mac.octets}));
    if (phy != 0)
        writer_->cell("phy-handle", phy);
}

/// mdio.yaml. What kind of PHY it is, a driver asks the PHY. The bus is there without one, too: with
/// a fixed link and no such node, Linux' macb unregisters a bus that it never had when it is unbound,
/// and dies of it (seen in 6.12).
void GuestDevices::write_mdio(std::optional<std::uint32_t> address, std::uint32_t phandle)
{
    const auto mdio = writer_->node("mdio");
    writer_->cell("#address-cells", 1);
    writer_->cell("#size-cells", 0);
    if (!address)
        return;
    const auto phy = writer_->node(fmt::format("ethernet-phy@{:x}", *address));
    writer_->cell("reg", *address);
    writer_->cell("phandle", phandle);
}

void GuestDevices::copy_subnodes(const fdt::Node& from, const Device& device)
{
    for (const fdt::Node& child : from.children())
    {
        if (!wanted(*device.alias, child))
            continue;
        const auto node = writer_->node(std::string{child.name()});
        for (const fdt::Property& property : child.properties())
            writer_->bytes(std::string{property.name}, property.value);
        copy_subnodes(child, device);
    }
}

/// gpio-keys.yaml. A press asks the guest to shut down, as `aliasvm stop` does.
void GuestDevices::write_power_key()
{
    for (const Device& device : devices_)
    {
        if (device.phandle == 0)
            continue;
        const auto keys = writer_->node("gpio-keys");
        writer_->string("compatible", "gpio-keys");
        const auto key = writer_->node("power-key");
        writer_->string("label", "power");
        writer_->cells("gpios", {device.phandle, power_key_pin, gpio_active_high});
        writer_->cell("linux,code", key_power);
        writer_->flag("wakeup-source");
        return;
    }
}

} // namespace aliasvm::plan
