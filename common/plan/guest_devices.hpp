// SPDX-License-Identifier: Apache-2.0
// The part of a guest's device tree that is about its devices.
#pragma once

#include "common/fdt/writer.hpp"
#include "common/plan/catalogue.hpp"
#include "common/plan/plan.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aliasvm::plan
{

/// Of an instance in hertz, in the order of its binding; as the host says if it does.
[[nodiscard]] std::vector<std::uint32_t> clock_rates_of(const VmPlan& plan,
                                                        const Instance& instance);

/// Decides on labels and clocks when constructed, and writes each node when told. Plan, catalogue
/// and writer outlive this. Throws Error.
class GuestDevices
{
public:
    GuestDevices(const VmPlan& plan, const Catalogue& catalogue, fdt::Writer& writer);

    /// The properties of /aliases: which device is the first of its kind.
    void write_labels();
    /// That of the first UART with something behind it.
    [[nodiscard]] std::optional<std::string> console() const;
    /// A fixed clock for each rate.
    void write_clocks();
    /// The bus, with a node for each alias.
    void write_bus();
    /// The board's push button, if there is one.
    void write_power_key();

private:
    /// An alias with what the catalogue knows of it.
    struct Device
    {
        const AliasPlan* alias;
        const Instance* like;    ///< whose node the guest's node is made from
        const Instance* behind;  ///< may be null
        std::uint32_t phandle{}; ///< 0 unless another node points at it
        std::string label{};     ///< in /aliases: "serial0"; empty for kinds without
    };

    void number_devices(const char* stem, const char* label);
    void collect_clocks();
    [[nodiscard]] std::vector<std::uint32_t> rates_of(const Device& device) const;

    void write_device(const Device& device);
    void write_property(const Device& device, const fdt::Property& property);
    void write_reg(const Device& device);
    void write_interrupts(const Device& device);
    void write_clocks_of(const Device& device);
    void write_ethernet(const Ethernet& ethernet, std::uint32_t phy);
    void write_mdio(std::optional<std::uint32_t> address, std::uint32_t phandle);
    void copy_subnodes(const fdt::Node& from, const Device& device);

    const VmPlan* plan_;
    const Catalogue* catalogue_;
    fdt::Writer* writer_;
    std::vector<Device> devices_;
    std::map<std::uint32_t, std::uint32_t> clocks_; ///< rate in hertz → phandle
};

} // namespace aliasvm::plan
