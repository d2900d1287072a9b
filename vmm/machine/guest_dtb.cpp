// SPDX-License-Identifier: Apache-2.0
// Writes the guest's tree from the root down; bindings are named where they are followed.
#include "vmm/machine/guest_dtb.hpp"

#include "vmm/base/error.hpp"
#include "vmm/fdt/writer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <optional>
#include <set>

namespace aliasvm::machine
{

namespace
{

using plan::AliasPlan;
using plan::Backing;
using plan::Catalogue;
using plan::Instance;
using plan::VmPlan;

// arm,gic.yaml
constexpr std::uint32_t irq_spi = 0;
constexpr std::uint32_t irq_ppi = 1;
constexpr std::uint32_t irq_edge_rising = 1;
constexpr std::uint32_t irq_level_high = 4;
constexpr std::uint32_t irq_level_low = 8;

// The board's push button, GPIO 22 (MIO22), pressed is high.
constexpr std::uint32_t power_key_pin = 22;
constexpr std::uint32_t gpio_active_high = 0;
constexpr std::uint32_t key_power = 116; // KEY_POWER of Linux's input event codes

/// An alias with what the catalogue knows of it.
struct Device
{
    const AliasPlan* alias;
    const Instance* like;    ///< whose node the guest's node is made from
    const Instance* behind;  ///< may be null
    std::uint32_t phandle{}; ///< 0 unless another node points at it
    std::string label{};     ///< in /aliases: "serial0"; empty for kinds without
};

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

class GuestTree
{
public:
    GuestTree(const VmPlan& plan, const Catalogue& catalogue);

    [[nodiscard]] std::vector<std::byte> finish() &&;

private:
    void number_devices(const char* stem, const char* label);
    void collect_clocks();

    void write_root();
    void write_aliases();
    void write_chosen();
    void write_memory();
    void write_cpus();
    void write_psci();
    void write_timer();
    void write_gic();
    void write_clocks();
    void write_devices();
    void write_device(const Device& device);
    void write_interrupts(const Device& device);
    void copy_subnodes(const fdt::Node& from);
    void write_power_key();

    static const std::vector<plan::Clock>& clocks_of(const Device& device);

    const VmPlan* plan_;
    const Catalogue* catalogue_;
    fdt::Writer writer_;
    std::uint32_t gic_phandle_;
    std::vector<Device> devices_;
    std::map<std::uint32_t, std::uint32_t> clocks_; ///< rate in hertz → phandle
};

GuestTree::GuestTree(const VmPlan& plan, const Catalogue& catalogue)
    : plan_{&plan}, catalogue_{&catalogue}, gic_phandle_{writer_.new_phandle()}
{
    for (const AliasPlan& alias : plan.aliases)
    {
        const auto like = std::ranges::find(catalogue.instances(), alias.node, &Instance::node);
        if (like == catalogue.instances().end())
            throw Error{EINVAL, "make device tree node of alias {}: no {} in the catalogue",
                        alias.name, alias.node};
        Device device{&alias, &*like, catalogue.find(alias.instance)};
        if (alias.backing == Backing::power_key)
            device.phandle = writer_.new_phandle();
        devices_.push_back(device);
    }
    number_devices("serial", "serial");
    number_devices("ethernet", "ethernet");
    collect_clocks();

    write_root();
    write_aliases();
    write_chosen();
    write_memory();
    write_cpus();
    write_psci();
    write_timer();
    write_gic();
    write_clocks();
    write_devices();
    write_power_key();
}

/// An alias of the SoC keeps its number, so that uart1 is ttyPS1 as on the board; others get what
/// is left.
void GuestTree::number_devices(const char* stem, const char* label)
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

/// Rates are those of the device that is really there.
const std::vector<plan::Clock>& GuestTree::clocks_of(const Device& device)
{
    return device.behind != nullptr ? device.behind->clocks : device.like->clocks;
}

void GuestTree::collect_clocks()
{
    std::set<std::uint32_t> rates;
    for (const Device& device : devices_)
    {
        for (const plan::Clock& clock : clocks_of(device))
            rates.insert(clock.hertz);
    }
    for (const std::uint32_t rate : rates)
        clocks_.emplace(rate, writer_.new_phandle());
}

void GuestTree::write_root()
{
    writer_.strings("compatible", catalogue_->tree().root().strings("compatible"));
    writer_.string("model", catalogue_->tree().root().string("model") + " (aliasvm)");
    writer_.cell("#address-cells", 2);
    writer_.cell("#size-cells", 2);
    writer_.cell("interrupt-parent", gic_phandle_);
}

void GuestTree::write_aliases()
{
    const auto node = writer_.node("aliases");
    for (const Device& device : devices_)
    {
        if (!device.label.empty())
            writer_.string(device.label,
                           fmt::format("/axi/{}@{:x}",
                                       device.label.starts_with("serial") ? "serial" : "ethernet",
                                       device.alias->windows.front().guest.base.value));
    }
}

void GuestTree::write_chosen()
{
    const auto node = writer_.node("chosen");
    if (!plan_->cmdline.empty())
        writer_.string("bootargs", plan_->cmdline);
    if (plan_->initrd)
    {
        const GuestRange& initrd = plan_->initrd->memory;
        writer_.cells("linux,initrd-start", fdt::two_cells({initrd.base.value}));
        writer_.cells("linux,initrd-end", fdt::two_cells({initrd.base.value + initrd.size}));
    }
    // Not an empty alias: its status register reads 0, "transmitter busy" to some drivers.
    const auto console = std::ranges::find_if(
        devices_, [](const Device& device)
        { return device.label.starts_with("serial") && device.alias->backing != Backing::none; });
    if (console != devices_.end())
        writer_.string("stdout-path", console->label + ":115200n8");
}

void GuestTree::write_memory()
{
    {
        const auto node = writer_.node(fmt::format("memory@{:x}", plan_->memory.base.value));
        writer_.string("device_type", "memory");
        writer_.cells("reg", fdt::two_cells({plan_->memory.base.value, plan_->memory.size}));
    }
    if (plan_->dma_holes.empty())
        return;
    // reserved-memory.yaml; no-map, so that Linux never gives it to a driver for DMA.
    const auto parent = writer_.node("reserved-memory");
    writer_.cell("#address-cells", 2);
    writer_.cell("#size-cells", 2);
    writer_.flag("ranges");
    for (const GuestRange& hole : plan_->dma_holes)
    {
        const auto node = writer_.node(fmt::format("dma-hole@{:x}", hole.base.value));
        writer_.cells("reg", fdt::two_cells({hole.base.value, hole.size}));
        writer_.flag("no-map");
    }
}

void GuestTree::write_cpus()
{
    const auto cpus = writer_.node("cpus");
    writer_.cell("#address-cells", 1);
    writer_.cell("#size-cells", 0);
    for (std::uint32_t index = 0; index < plan_->vcpus; ++index)
    {
        // KVM's MPIDR of vCPU n is affinity 0 = n for the 8 that there can be.
        const auto cpu = writer_.node(fmt::format("cpu@{:x}", index));
        writer_.string("compatible", "arm,cortex-a53");
        writer_.string("device_type", "cpu");
        writer_.string("enable-method", "psci");
        writer_.cell("reg", index);
    }
}

void GuestTree::write_psci()
{
    const auto node = writer_.node("psci");
    writer_.strings("compatible", {"arm,psci-1.0", "arm,psci-0.2"});
    writer_.string("method", "hvc");
}

void GuestTree::write_timer()
{
    // arm,arch_timer.yaml: secure physical, physical, virtual, hypervisor.
    constexpr std::array ppis{13U, 14U, 11U, 10U};
    // GICv2: for PPIs, bits 15:8 of the flags name the CPUs.
    const std::uint32_t cpus = (1U << plan_->vcpus) - 1;
    const auto node = writer_.node("timer");
    writer_.string("compatible", "arm,armv8-timer");
    std::vector<std::uint32_t> interrupts;
    for (const std::uint32_t ppi : ppis)
        interrupts.insert(interrupts.end(), {irq_ppi, ppi, cpus << 8 | irq_level_low});
    writer_.cells("interrupts", interrupts);
    writer_.flag("always-on");
}

void GuestTree::write_gic()
{
    const GuestRange& distributor = plan_->gic_distributor;
    const GuestRange& cpu_interface = plan_->gic_cpu_interface;
    const auto node =
        writer_.node(fmt::format("interrupt-controller@{:x}", distributor.base.value));
    // Some guests look for the one, some for the other.
    writer_.strings("compatible", {"arm,gic-400", "arm,cortex-a15-gic"});
    writer_.cells("reg", fdt::two_cells({distributor.base.value, distributor.size,
                                         cpu_interface.base.value, cpu_interface.size}));
    writer_.cell("#address-cells", 0);
    writer_.cell("#interrupt-cells", 3);
    writer_.flag("interrupt-controller");
    writer_.cell("phandle", gic_phandle_);
}

void GuestTree::write_clocks()
{
    for (const auto& [rate, phandle] : clocks_)
    {
        const auto node = writer_.node(fmt::format("clock-{}", rate));
        writer_.string("compatible", "fixed-clock");
        writer_.cell("#clock-cells", 0);
        writer_.cell("clock-frequency", rate);
        writer_.cell("phandle", phandle);
    }
}

void GuestTree::write_devices()
{
    const auto axi = writer_.node("axi");
    writer_.string("compatible", "simple-bus");
    writer_.cell("#address-cells", 2);
    writer_.cell("#size-cells", 2);
    writer_.flag("ranges");
    for (const Device& device : devices_)
        write_device(device);
}

/// An alias with nothing behind it is there like any other: something may be put behind it while
/// the guest runs, and a guest looks for its devices only once.
void GuestTree::write_device(const Device& device)
{
    const auto from = catalogue_->tree().find(device.like->node);
    if (!from)
        throw Error{EINVAL, "find {} in the catalogue", device.like->node};
    const auto node = writer_.node(
        fmt::format("{}@{:x}", from->stem(), device.alias->windows.front().guest.base.value));
    for (const fdt::Property& property : from->properties())
    {
        const std::string name{property.name};
        if (name == "reg")
        {
            std::vector<std::uint32_t> reg;
            for (const plan::Window& window : device.alias->windows)
            {
                const auto cells = fdt::two_cells({window.guest.base.value, window.guest.size});
                reg.insert(reg.end(), cells.begin(), cells.end());
            }
            writer_.cells(name, reg);
        }
        else if (name == "interrupts")
            write_interrupts(device);
        else if (name == "clocks")
        {
            std::vector<std::uint32_t> phandles;
            for (const plan::Clock& clock : clocks_of(device))
                phandles.push_back(clocks_.at(clock.hertz));
            writer_.cells(name, phandles);
        }
        else if (name != "phandle" && !name.starts_with("aliasvm,"))
            writer_.bytes(name, property.value);
    }
    if (device.phandle != 0)
        writer_.cell("phandle", device.phandle);
    copy_subnodes(*from);
}

/// As many as the binding has, so that a line may stand there twice.
void GuestTree::write_interrupts(const Device& device)
{
    std::vector<std::uint32_t> interrupts;
    for (const std::uint32_t index : device.like->interrupt)
    {
        const plan::Line& line = device.alias->lines.at(index);
        interrupts.insert(interrupts.end(),
                          {irq_spi, line.guest.dt_cell(),
                           line.trigger == Trigger::edge ? irq_edge_rising : irq_level_high});
    }
    writer_.cells("interrupts", interrupts);
}

void GuestTree::copy_subnodes(const fdt::Node& from)
{
    for (const fdt::Node& child : from.children())
    {
        const auto node = writer_.node(std::string{child.name()});
        for (const fdt::Property& property : child.properties())
            writer_.bytes(std::string{property.name}, property.value);
        copy_subnodes(child);
    }
}

/// gpio-keys.yaml. A press asks the guest to shut down, as `aliasvm stop` does.
void GuestTree::write_power_key()
{
    for (const Device& device : devices_)
    {
        if (device.phandle == 0)
            continue;
        const auto keys = writer_.node("gpio-keys");
        writer_.string("compatible", "gpio-keys");
        const auto key = writer_.node("power-key");
        writer_.string("label", "power");
        writer_.cells("gpios", {device.phandle, power_key_pin, gpio_active_high});
        writer_.cell("linux,code", key_power);
        writer_.flag("wakeup-source");
        return;
    }
}

std::vector<std::byte> GuestTree::finish() &&
{
    return std::move(writer_).finish();
}

} // namespace

std::vector<std::byte> make_guest_dtb(const VmPlan& plan, const Catalogue& catalogue)
{
    std::vector<std::byte> blob = GuestTree{plan, catalogue}.finish();
    if (blob.size() > plan.dtb.memory.size)
        throw Error{ENOSPC, "make device tree of VM {}: {} bytes, but there is room for {}",
                    plan.name.str(), blob.size(), plan.dtb.memory.size};
    return blob;
}

} // namespace aliasvm::machine
