// SPDX-License-Identifier: Apache-2.0
// A VM's memory and interrupts beside the host's, as a table and as a picture.
#pragma once

#include "cli/model.hpp"
#include "common/base/address.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aliasvm::cli
{

struct GicRanges
{
    GuestRange distributor;
    GuestRange cpu_interface;
};

/// All that a map shows. Pure: map_table() and map_svg() ask nobody.
struct MachineMap
{
    Machine machine;
    std::optional<GicRanges> gic;                ///< empty if the catalogue cannot be read
    std::map<std::string, std::string> sysnames; ///< of instances: "uart1" → "ff010000.serial"

    /// "uart1 ff010000.serial", or just what is behind an alias that has no instance.
    [[nodiscard]] std::string behind(const Alias& alias) const;
};

/// The VM in one line, then a line for each range and each interrupt, host → guest.
///
///     uart0   [uart1 ff010000.serial 0xff010000+0x1000]  -> [0xff000000+0x1000]
///     uart0   [SPI 22 INTID 54]                          -> [SPI 21 INTID 53]
[[nodiscard]] std::string map_table(const MachineMap& map);

/// An SVG 1.1 document. Guest at the left, host at the right, addresses downwards, lines between
/// what is aliased. Boxes grow with the logarithm of what they stand for: 4 KiB and 128 MiB fit one
/// page.
[[nodiscard]] std::string map_svg(const MachineMap& map);

} // namespace aliasvm::cli
