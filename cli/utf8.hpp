// SPDX-License-Identifier: Apache-2.0
// Text that is UTF-8 for certain, as JSON and XML must be.
#pragma once

#include <string>
#include <string_view>

namespace aliasvm::cli
{

/// The text, with U+FFFD in place of each byte that is not part of well-formed UTF-8 (RFC 3629).
[[nodiscard]] std::string valid_utf8(std::string_view text);

} // namespace aliasvm::cli
