// SPDX-License-Identifier: Apache-2.0
// A line of assembly to the access that it stands for: from names alone, without any encoding.
#pragma once

#include "common/a64/access.hpp"

#include <optional>
#include <string_view>

namespace aliasvm::a64
{

/// What the line of a disassembler ("\tldr\tx0, [x1], #8") says; none if it is no load or store.
/// Throws std::runtime_error for a line that looks like one and cannot be read.
[[nodiscard]] std::optional<Access> parse(std::string_view line);

} // namespace aliasvm::a64
