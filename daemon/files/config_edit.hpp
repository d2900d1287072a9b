// SPDX-License-Identifier: Apache-2.0
// Changes one binding in the text of a VM's configuration, and nothing else.
#pragma once

#include <string>
#include <string_view>

namespace aliasvm::daemon
{

/// The text of a configuration with this alias bound to this instance. Everything else stays as it
/// is: comments, order, spacing, line ends, quotes. `file` is its name for messages.
///
/// Knows every form that TOML has for it: `[alias] uart0 = "x"`, `alias.uart0 = "x"`, `alias = {
/// uart0 = "x" }`, and `instance` in a table of its own in all three. An alias that is missing
/// comes after the last key of the form that is there, or in a new table [alias] at the end.
///
/// The result is read again and compared: if it differed in anything but this binding, Error would
/// be thrown. Throws Error as well if the text is no TOML, or if the alias is there but is neither
/// a text nor a table with a text `instance`; it says where and what to write.
[[nodiscard]] std::string with_binding(std::string_view toml_text, const std::string& file,
                                       std::string_view alias, std::string_view instance);

} // namespace aliasvm::daemon
