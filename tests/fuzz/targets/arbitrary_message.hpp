// SPDX-License-Identifier: Apache-2.0
// Contents of D-Bus messages as an input has them.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/bus/message.hpp"
#include "tests/fuzz/targets/target.hpp"

#include <string>
#include <string_view>

namespace aliasvm::fuzz
{

/// A descriptor to send: of a memfd that everybody shares.
[[nodiscard]] int any_descriptor();

/// A text of the input, or of those that mean something.
[[nodiscard]] std::string any_text(Input& input);

/// One value of each complete type of the signature, which is one that D-Bus allows. Arrays have up
/// to three elements.
void append_values(bus::Message& message, std::string_view signature, Input& input);

/// Up to four values of types that the input chooses.
void append_any(bus::Message& message, Input& input);

} // namespace aliasvm::fuzz
