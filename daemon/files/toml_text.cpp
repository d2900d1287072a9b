// SPDX-License-Identifier: Apache-2.0
// The rules for keys and basic strings of TOML 1.0.
#include "daemon/files/toml_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace aliasvm::daemon
{

std::string toml_string(std::string_view text)
{
    std::string quoted{'"'};
    for (const char c : text)
    {
        if (c == '"' || c == '\\')
            quoted += '\\';
        if (const auto byte = static_cast<unsigned char>(c); byte < 0x20 || byte == 0x7f)
            quoted += fmt::format("\\u{:04X}", byte);
        else
            quoted += c;
    }
    quoted += '"';
    return quoted;
}

std::string toml_key(std::string_view text)
{
    const auto bare = [](char c)
    {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    return !text.empty() && std::ranges::all_of(text, bare) ? std::string{text} : toml_string(text);
}

} // namespace aliasvm::daemon
