// SPDX-License-Identifier: Apache-2.0
// The known word that a mistyped one most likely was.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::plan
{

/// The candidate with the fewest edits (a letter more, less, changed, or two swapped; case does not
/// count) from `word`, the first of several; nothing if all are too far to be a typing error.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 const std::vector<std::string>& candidates);

/// "did you mean \"uart1\"?", or else "known are: uart0, uart1, …".
[[nodiscard]] std::string suggest(std::string_view word,
                                  const std::vector<std::string>& candidates);

} // namespace aliasvm::plan
