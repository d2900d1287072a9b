// SPDX-License-Identifier: Apache-2.0
// Writes the guest's tree from the root down; bindings are named where they are followed.
#include "common/plan/guest_dtb.hpp"

#include "common/base/error.hpp"
#include "common/fdt/writer.hpp"
#include "common/plan/guest_devices.hpp"
#include "common/plan/machine_nodes.hpp"
#include "common/plan/own_tree.hpp"

#include <cerrno>
#include <utility>
#include <variant>

namespace aliasvm::plan
{

namespace
{

class GuestTree
{
public:
    GuestTree(const VmPlan& plan, const Catalogue& catalogue,
              const std::optional<RandomSeed>& seed);

    [[nodiscard]] std::vector<std::byte> finish() &&;

private:
    void write_root();
    void write_chosen(const std::optional<RandomSeed>& seed);
    void write_memory();
    void write_ocm();
    void write_reserved_memory();
    void write_cpus();
    void write_psci();
    void write_timer();
    void write_pmu();
    void write_gic();

    const VmPlan* plan_;
    const Catalogue* catalogue_;
    fdt::Writer writer_;
    std::uint32_t gic_phandle_;
    GuestDevices devices_;
};

GuestTree::GuestTree(const VmPlan& plan, const Catalogue& catalogue,
                     const std::optional<RandomSeed>& seed)
    : plan_{&plan}, catalogue_{&catalogue}, gic_phandle_{writer_.new_phandle()}, devices_{plan,
                                                                                          catalogue,
                                                                                          writer_}
{
    write_root();
    {
        const auto node = writer_.node("aliases");
        devices_.write_labels();
    }
    write_chosen(seed);
    write_memory();
    write_ocm();
    write_reserved_memory();
    write_cpus();
    write_psci();
    write_timer();
    write_pmu();
    write_gic();
    devices_.write_clocks();
    devices_.write_bus();
    devices_.write_power_key();
}

void GuestTree::write_root()
{
    writer_.strings("compatible", catalogue_->tree().root().strings("compatible"));
    writer_.string("model", catalogue_->tree().root().string("model") + " (aliasvm)");
    writer_.cell("#address-cells", 2);
    writer_.cell("#size-cells", 2);
    writer_.cell("interrupt-parent", gic_phandle_);
}

void GuestTree::write_chosen(const std::optional<RandomSeed>& seed)
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
    if (const auto console = devices_.console())
        writer_.string("stdout-path", *console + ":115200n8");
    if (seed)
        writer_.bytes("rng-seed", *seed);
}

void GuestTree::write_memory()
{
    const auto node =
        writer_.node(fmt::format("memory@{:x}", plan_->memory.front().range.base.value));
    writer_.string("device_type", "memory");
    std::vector<std::uint32_t> reg;
    for (const Bank& bank : plan_->memory)
    {
        const auto cells = fdt::two_cells({bank.range.base.value, bank.range.size});
        reg.insert(reg.end(), cells.begin(), cells.end());
    }
    writer_.cells("reg", reg);
}

void GuestTree::write_ocm()
{
    if (!plan_->ocm)
        return;
    // sram.yaml: no main memory of an operating system's, but there for who asks for it.
    const GuestRange& range = plan_->ocm->range;
    const auto node = writer_.node(fmt::format("sram@{:x}", range.base.value));
    writer_.string("compatible", "mmio-sram");
    writer_.cells("reg", fdt::two_cells({range.base.value, range.size}));
    writer_.cell("#address-cells", 1);
    writer_.cell("#size-cells", 1);
    const auto base = fdt::two_cells({range.base.value});
    writer_.cells("ranges", {0, base[0], base[1], static_cast<std::uint32_t>(range.size)});
}

void GuestTree::write_reserved_memory()
{
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
        writer_.string("compatible", cpu_compatible);
        writer_.string("device_type", "cpu");
        writer_.string("enable-method", cpu_enable_method);
        writer_.cell("reg", index);
    }
}

void GuestTree::write_psci()
{
    const auto node = writer_.node("psci");
    writer_.strings("compatible", psci_compatible);
    writer_.string("method", psci_method);
}

void GuestTree::write_timer()
{
    const auto node = writer_.node("timer");
    writer_.string("compatible", "arm,armv8-timer");
    writer_.cells("interrupts", timer_interrupts(plan_->vcpus));
    writer_.flag("always-on");
}

void GuestTree::write_pmu()
{
    if (!plan_->pmu)
        return;
    const auto node = writer_.node("pmu");
    writer_.string("compatible", pmu_compatible);
    writer_.cells("interrupts", pmu_interrupts(plan_->vcpus));
}

void GuestTree::write_gic()
{
    const GuestRange& distributor = plan_->gic_distributor;
    const GuestRange& cpu_interface = plan_->gic_cpu_interface;
    const auto node =
        writer_.node(fmt::format("interrupt-controller@{:x}", distributor.base.value));
    writer_.strings("compatible", {gic_compatible.begin(), gic_compatible.end()});
    writer_.cells("reg", fdt::two_cells({distributor.base.value, distributor.size,
                                         cpu_interface.base.value, cpu_interface.size}));
    writer_.cell("#address-cells", 0);
    writer_.cell("#interrupt-cells", 3);
    writer_.flag("interrupt-controller");
    writer_.cell("phandle", gic_phandle_);
}

std::vector<std::byte> GuestTree::finish() &&
{
    return std::move(writer_).finish();
}

} // namespace

std::vector<std::byte> guest_dtb(const VmPlan& plan, const Catalogue& catalogue,
                                 const HostFacts& facts)
{
    if (!plan.dtb.file)
        return make_guest_dtb(plan, catalogue, facts.random_seed);
    auto made = own_tree(plan, catalogue, std::get<DtbFile>(facts.dtb).bytes, facts.random_seed);
    if (const auto* const faults = std::get_if<std::vector<ImageFault>>(&made))
        throw Error{EINVAL, "make the device tree of VM {}: dtb {} {}", plan.name.str(),
                    *plan.dtb.file, faults->front().what};
    return std::move(std::get<OwnTree>(made).bytes);
}

std::vector<std::byte> make_guest_dtb(const VmPlan& plan, const Catalogue& catalogue,
                                      const std::optional<RandomSeed>& seed)
{
    std::vector<std::byte> blob = GuestTree{plan, catalogue, seed}.finish();
    if (blob.size() > plan.dtb.memory.size)
        throw Error{ENOSPC, "make device tree of VM {}: {} bytes, but there is room for {}",
                    plan.name.str(), blob.size(), plan.dtb.memory.size};
    return blob;
}

} // namespace aliasvm::plan
