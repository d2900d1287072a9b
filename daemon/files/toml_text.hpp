// SPDX-License-Identifier: Apache-2.0
// Keys and texts as TOML writes them.
#pragma once

#include <string>
#include <string_view>

namespace aliasvm::daemon
{

/// In double quotes, with escapes where it takes any. The text is UTF-8.
[[nodiscard]] std::string toml_string(std::string_view text);
/// Bare where that is allowed, else as toml_string().
[[nodiscard]] std::string toml_key(std::string_view text);

} // namespace aliasvm::daemon
