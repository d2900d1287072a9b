// SPDX-License-Identifier: Apache-2.0
// What the machine has at no address: /chosen, RAM, reservations. The rest is in rooms of its own.
#include "common/plan/own_tree.hpp"

#include "common/base/error.hpp"
#include "common/fdt/bus_addresses.hpp"
#include "common/fdt/draft.hpp"
#include "common/fdt/reader.hpp"
#include "common/plan/own_cpus.hpp"
#include "common/plan/own_devices.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

using Faults = std::vector<ImageFault>;

/// Of a SoC's power and clock firmware, which answers by SMC and is none of a guest's yet.
constexpr std::array firmware_compatible{"xlnx,zynqmp-firmware", "xlnx,versal-firmware"};

void find_firmware(const fdt::Draft& node, const std::string& path, Faults& faults)
{
    for (const fdt::Draft& child : node.children())
    {
        if (!child.available())
            continue;
        const std::string at = path + "/" + child.name();
        for (const char* const compatible : firmware_compatible)
        {
            if (child.is(compatible))
                faults.push_back({fmt::format("has {} enabled ({}), but behind SMC is no firmware "
                                              "for a guest",
                                              at, compatible),
                                  fmt::format("delete the node (fdtput -r FILE {0}), or disable it "
                                              "(fdtput -t s FILE {0} status disabled)",
                                              at)});
        }
        find_firmware(child, at, faults);
    }
}

class OwnTreeMaker
{
public:
    OwnTreeMaker(const VmPlan& plan, const Catalogue& catalogue, fdt::Draft& root,
                 const fdt::BusAddresses& addresses)
        : plan_{&plan}, catalogue_{&catalogue}, root_{&root}, addresses_{&addresses}
    {
    }

    void write_chosen(const std::optional<RandomSeed>& seed);
    void write_memory(Faults& faults);
    void reserve_holes(Faults& faults);
    [[nodiscard]] std::vector<fdt::Reg> reservations(const fdt::Tree& file) const;

private:
    const VmPlan* plan_;
    const Catalogue* catalogue_;
    fdt::Draft* root_;
    const fdt::BusAddresses* addresses_;
};

void OwnTreeMaker::write_chosen(const std::optional<RandomSeed>& seed)
{
    fdt::Draft& chosen = root_->child("chosen");
    if (!plan_->cmdline.empty())
        chosen.set_strings("bootargs", {plan_->cmdline});
    // What the file says of either was of another start.
    for (const char* const stale : {"linux,initrd-start", "linux,initrd-end", "rng-seed"})
        chosen.remove(stale);
    if (plan_->initrd)
    {
        const GuestRange& initrd = plan_->initrd->memory;
        chosen.set_cells("linux,initrd-start", fdt::two_cells({initrd.base.value}));
        chosen.set_cells("linux,initrd-end", fdt::two_cells({initrd.base.value + initrd.size}));
    }
    if (seed)
        chosen.set("rng-seed", {seed->begin(), seed->end()});
}

void OwnTreeMaker::write_memory(Faults& faults)
{
    root_->children().remove_if(
        [](const fdt::Draft& node)
        {
            return node.stem() == "memory" ||
                   node.strings("device_type") == std::vector<std::string>{"memory"};
        });
    std::vector<fdt::Reg> banks;
    for (const Bank& bank : plan_->memory)
        banks.push_back({bank.range.base.value, bank.range.size});
    const auto reg = addresses_->reg_of(banks);
    if (!reg)
    {
        faults.push_back({"has one cell for addresses or sizes at its root, which is too little "
                          "for the RAM of this VM",
                          "write #address-cells = <2> and #size-cells = <2> there"});
        return;
    }
    fdt::Draft& node = root_->add(fmt::format("memory@{:x}", banks.front().address));
    node.set_strings("device_type", {"memory"});
    node.set_cells("reg", *reg);
}

/// reserved-memory.yaml, as in a generated tree.
void OwnTreeMaker::reserve_holes(Faults& faults)
{
    if (plan_->dma_holes.empty())
        return;
    fdt::Draft& parent = root_->child("reserved-memory");
    if (!parent.has("ranges"))
    {
        for (const char* const cells : {"#address-cells", "#size-cells"})
            parent.set_cells(cells, {2});
        parent.set("ranges");
    }
    const auto inside = addresses_->below(parent);
    for (const GuestRange& hole : plan_->dma_holes)
    {
        const auto reg = inside ? inside->reg_of({{hole.base.value, hole.size}}) : std::nullopt;
        if (!reg)
        {
            faults.push_back({"has a /reserved-memory of another form than its root, in which "
                              "nothing can be reserved",
                              "give it the cell counts of the root and empty ranges"});
            return;
        }
        fdt::Draft& node = parent.add(fmt::format("dma-hole@{:x}", hole.base.value));
        node.set_cells("reg", *reg);
        node.set("no-map");
    }
}

/// A kernel would reserve what is no RAM as well, to no purpose.
std::vector<fdt::Reg> OwnTreeMaker::reservations(const fdt::Tree& file) const
{
    std::vector<fdt::Reg> kept;
    for (const fdt::Reg& entry : file.reservations())
    {
        const std::uint64_t most = ~std::uint64_t{0} - entry.address;
        const GuestRange wanted{GuestAddr{entry.address}, std::min(entry.size, most)};
        for (const Bank& bank : plan_->memory)
        {
            if (const auto part = intersection(wanted, bank.range))
                kept.push_back({part->base.value, part->size});
        }
    }
    return kept;
}

std::variant<OwnTree, Faults> changed(const VmPlan& plan, const Catalogue& catalogue,
                                      const fdt::Tree& file, const std::optional<RandomSeed>& seed)
{
    fdt::Draft root{file.root()};
    const auto addresses = fdt::BusAddresses::of_root(root);
    if (!addresses)
        return Faults{{"has cell counts other than 1 and 2 at its root",
                       "write #address-cells = <2> and #size-cells = <2> there"}};
    Faults faults;
    find_firmware(root, "", faults);
    OwnTreeMaker maker{plan, catalogue, root, *addresses};
    maker.write_chosen(seed);
    maker.write_memory(faults);
    maker.reserve_holes(faults);
    OwnTree made;
    settle_cpus(plan.vcpus, plan.pmu, root, made.absent);
    OwnDevices devices{plan, catalogue, root};
    devices.settle(*addresses, made, faults);
    if (!faults.empty())
        return faults;

    fdt::Writer writer{maker.reservations(file)};
    root.write(writer);
    made.bytes = std::move(writer).finish();
    return made;
}

} // namespace

std::variant<OwnTree, std::vector<ImageFault>> own_tree(const VmPlan& plan,
                                                        const Catalogue& catalogue,
                                                        std::span<const std::byte> file,
                                                        const std::optional<RandomSeed>& seed)
{
    try
    {
        auto made = changed(plan, catalogue, fdt::Tree{file, "of the file"}, seed);
        const auto* const tree = std::get_if<OwnTree>(&made);
        if (tree != nullptr && tree->bytes.size() > plan.dtb.memory.size)
            return Faults{{fmt::format("is to become {} bytes, but there is room for {}",
                                       tree->bytes.size(), plan.dtb.memory.size),
                           "give a smaller one"}};
        return made;
    }
    catch (const Error& error)
    {
        return Faults{{fmt::format("is no tree for a guest: {}", error.what()), "mend it"}};
    }
}

} // namespace aliasvm::plan
