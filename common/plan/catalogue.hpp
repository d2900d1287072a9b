// SPDX-License-Identifier: Apache-2.0
// Catalogue: the devices of one SoC, read from the compiled dts/soc/SOC.dts.
#pragma once

#include "common/base/address.hpp"
#include "common/base/spi.hpp"
#include "common/fdt/reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::plan
{

/// The GEMs, which have a MAC address and maybe a PHY.
inline constexpr std::string_view ethernet_compatible = "cdns,gem";

/// One physical wire of a device. A device that lists a wire twice has it once, with the first
/// index: VFIO grants the second to nobody.
struct InstanceLine
{
    Spi spi;
    Trigger trigger{};
    std::uint32_t vfio_irq{}; ///< position in `interrupts`
};

struct Clock
{
    std::string name; ///< empty where the binding has no clock-names
    std::uint32_t hertz{};
    std::optional<std::uint32_t> firmware_id; ///< EEMI's
    std::string host_name; ///< the host kernel's, which has it from the firmware; empty: not known
};

/// EEMI ids beside those of the clocks, for the firmware aliasing to come. See dts/soc/zynqmp.dts.
struct FirmwareIds
{
    std::optional<std::uint32_t> node;
    std::optional<std::uint32_t> reset; ///< devicetree numbering; EEMI's is 1000 higher
};

/// A physical device, and at the same time the identity that an alias of its name has.
struct Instance
{
    std::string name;                     ///< "uart1"
    std::string node;                     ///< path in the catalogue, "/axi/serial@ff010000"
    std::string sysname;                  ///< below /sys/bus/platform/devices, "ff010000.serial"
    std::vector<std::string> compatible;  ///< never empty
    std::vector<HostRange> windows;       ///< position is the VFIO region; never empty
    std::vector<InstanceLine> lines;      ///< no SPI twice
    std::vector<std::uint32_t> interrupt; ///< for each entry of `interrupts`, the position in lines
    std::optional<std::uint32_t> stream_id;
    std::vector<Clock> clocks;
    FirmwareIds firmware;

    [[nodiscard]] bool dma() const { return stream_id.has_value(); }
    [[nodiscard]] bool is(std::string_view compatible_string) const;
};

/// Immutable once read. Owns the blob that fdt nodes point into.
class Catalogue
{
public:
    /// Throws Error if the blob is no catalogue; `what` names it.
    Catalogue(std::vector<std::byte> blob, std::string_view what);
    Catalogue(const Catalogue&) = delete;
    Catalogue& operator=(const Catalogue&) = delete;

    /// What can stand behind an alias, in the order of the file.
    [[nodiscard]] const std::vector<Instance>& instances() const { return instances_; }
    /// Null if there is none.
    [[nodiscard]] const Instance* find(std::string_view name) const;
    [[nodiscard]] const Instance* find_sysname(std::string_view sysname) const;

    /// What an alias can look like, and what only an emulated device can be.
    [[nodiscard]] const std::vector<Instance>& emulated() const { return emulated_; }
    /// What an alias of that name looks like, an instance or not. Null if there is none.
    [[nodiscard]] const Instance* find_identity(std::string_view name) const;
    /// The same by Instance::node.
    [[nodiscard]] const Instance* find_node(std::string_view node) const;

    /// Where guests see the GIC.
    [[nodiscard]] GuestRange gic_distributor() const { return gic_distributor_; }
    [[nodiscard]] GuestRange gic_cpu_interface() const { return gic_cpu_interface_; }

    /// Where RAM can be, ascending, whole pages: a board fills the first range before the second.
    [[nodiscard]] const std::vector<GuestRange>& memory() const { return memory_; }

    /// The SoC's on-chip memory, which is RAM of its own.
    [[nodiscard]] const std::optional<GuestRange>& ocm() const { return ocm_; }

    [[nodiscard]] const fdt::Tree& tree() const { return tree_; }

private:
    std::vector<std::byte> blob_;
    fdt::Tree tree_;
    std::vector<Instance> instances_;
    std::vector<Instance> emulated_;
    GuestRange gic_distributor_;
    GuestRange gic_cpu_interface_;
    std::vector<GuestRange> memory_;
    std::optional<GuestRange> ocm_;
};

} // namespace aliasvm::plan
