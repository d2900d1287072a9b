// SPDX-License-Identifier: Apache-2.0
// Accesses in words, for whoever reads why a test failed.
#pragma once

#include "common/a64/access.hpp"

#include <iosfwd>
#include <optional>
#include <string>

namespace aliasvm::a64
{

[[nodiscard]] std::string describe(const Access& access);
[[nodiscard]] std::string describe(const std::optional<Access>& access);

/// How GoogleTest prints them.
void PrintTo(const Access& access, std::ostream* out);

} // namespace aliasvm::a64
