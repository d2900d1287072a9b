// SPDX-License-Identifier: Apache-2.0
// The devices in a device tree that somebody brings.
#pragma once

#include "common/fdt/bus_addresses.hpp"
#include "common/fdt/draft.hpp"
#include "common/plan/catalogue.hpp"
#include "common/plan/image.hpp"
#include "common/plan/own_tree.hpp"
#include "common/plan/plan.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aliasvm::plan
{

/// Goes through the tree by the addresses of its nodes. Plan, catalogue and tree outlive this.
class OwnDevices
{
public:
    OwnDevices(const VmPlan& plan, const Catalogue& catalogue, fdt::Draft& root)
        : plan_{&plan}, catalogue_{&catalogue}, root_{&root}
    {
    }

    /// Once. `addresses` is the root's.
    void settle(const fdt::BusAddresses& addresses, OwnTree& made, std::vector<ImageFault>& faults);

private:
    void settle_below(fdt::Draft& parent, const fdt::BusAddresses& addresses, OwnTree& made,
                      std::vector<ImageFault>& faults);
    void settle_gic(fdt::Draft& gic, const fdt::BusAddresses& addresses, OwnTree& made,
                    std::vector<ImageFault>& faults) const;
    [[nodiscard]] bool has(const fdt::Reg& place) const;
    [[nodiscard]] const AliasPlan* alias_at(std::uint64_t address) const;

    void see_phandles(const fdt::Draft& node, bool available);
    [[nodiscard]] bool leads_nowhere(std::uint32_t phandle) const;
    [[nodiscard]] bool clocks_lead_nowhere(const fdt::Draft& node) const;
    std::uint32_t new_phandle() { return ++last_phandle_; }
    std::uint32_t phandle_of(fdt::Draft& node);

    void settle_alias(fdt::Draft& node, const AliasPlan& alias);
    void settle_clocks(fdt::Draft& node, const AliasPlan& alias);
    std::uint32_t fixed_clock(std::uint32_t rate);
    void settle_ethernet(fdt::Draft& node, const Ethernet& ethernet);

    const VmPlan* plan_;
    const Catalogue* catalogue_;
    fdt::Draft* root_;
    std::vector<std::pair<fdt::Draft*, const AliasPlan*>> aliases_;
    std::map<std::uint32_t, const fdt::Draft*> available_; ///< by phandle
    std::uint32_t last_phandle_{};
    std::map<std::uint32_t, std::uint32_t> clocks_; ///< rate in hertz → phandle
};

} // namespace aliasvm::plan
