// SPDX-License-Identifier: Apache-2.0
// The table [alias] of a configuration.
#pragma once

#include "common/plan/config.hpp"
#include "common/plan/toml_values.hpp"

#include <string_view>

namespace aliasvm::plan
{

/// Adds the aliases to the configuration, in the order of the file. One with a problem is left out,
/// so that no other problem is told that comes of that one only. `is_top_key` knows the keys that
/// belong above all tables.
void read_alias_table(Config& config, TomlValues& values, const toml::node& node,
                      bool (*is_top_key)(std::string_view));

} // namespace aliasvm::plan
