// SPDX-License-Identifier: Apache-2.0
// The table of well-formed byte sequences of RFC 3629, section 4.
#include "cli/utf8.hpp"

#include <cstddef>

namespace aliasvm::cli
{

namespace
{

/// Bytes of the character at the front of `text`, 0 if it is none.
std::size_t character_length(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80)
        return 1;
    const std::size_t length = first < 0xc2    ? 0
                               : first < 0xe0  ? 2
                               : first < 0xf0  ? 3
                               : first <= 0xf4 ? 4
                                               : 0;
    if (length == 0 || text.size() < length)
        return 0;
    for (std::size_t i = 1; i < length; ++i)
    {
        if ((byte(i) & 0xc0U) != 0x80)
            return 0;
    }
    // Longer forms than needed, surrogates, and what is beyond U+10FFFF.
    const bool bad = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
                     (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f);
    return bad ? 0 : length;
}

} // namespace

std::string valid_utf8(std::string_view text)
{
    std::string valid;
    while (!text.empty())
    {
        const std::size_t length = character_length(text);
        if (length == 0)
            valid += "\xef\xbf\xbd";
        else
            valid += text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return valid;
}

} // namespace aliasvm::cli
