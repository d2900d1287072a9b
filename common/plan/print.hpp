// SPDX-License-Identifier: Apache-2.0
// A plan as people read it: [host] -> [guest].
#pragma once

#include "common/plan/plan.hpp"

#include <string>
#include <vector>

namespace aliasvm::plan
{

/// "0xff000000+0x1000": base and size.
template <class Addr>
[[nodiscard]] std::string range_text(const Range<Addr>& range);

/// "SPI 21 INTID 53": some people know the one, some the other.
[[nodiscard]] std::string spi_text(Spi spi);

/// "[0x00000000+0x200000], [0x10000000+0x4000000]".
[[nodiscard]] std::string banks_text(const std::vector<Bank>& banks);

/// The whole plan, a line for RAM, each image, each window and each interrupt; ends in a newline.
///
///     uart0  [ff010000.serial 0xff010000+0x1000] -> [0xff000000+0x1000]
///     uart0  [SPI 22 INTID 54] -> [SPI 21 INTID 53] level
[[nodiscard]] std::string plan_text(const VmPlan& plan);

/// For a status line: "uart0=uart1(ff010000.serial) gpio=power-key ttc0=nothing".
[[nodiscard]] std::string bindings_text(const std::vector<AliasPlan>& aliases);
[[nodiscard]] std::string binding_text(const AliasPlan& alias);

} // namespace aliasvm::plan
