// SPDX-License-Identifier: Apache-2.0
// A finding is a process that aborts, natively and under libFuzzer.
#include "tests/fuzz/targets/target.hpp"

#include <cstdio>
#include <cstdlib>

extern "C" const char* __ubsan_default_options();
extern "C" const char* __ubsan_default_options()
{
    return "halt_on_error=1:print_stacktrace=1";
}

namespace aliasvm::fuzz
{

void require(bool holds, std::string_view property)
{
    if (holds)
        return;
    std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(property.size()), property.data());
    std::abort();
}

bool is_utf8_string(std::string_view text)
{
    while (!text.empty())
    {
        const auto lead = static_cast<unsigned char>(text.front());
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (lead == 0 || (lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || text.size() < size)
            return false;
        std::uint32_t code = size == 1 ? lead : lead & (0x7fU >> size);
        for (const char c : text.substr(1, size - 1))
        {
            if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80)
                return false;
            code = code << 6U | (static_cast<unsigned char>(c) & 0x3fU);
        }
        if ((size == 3 && code < 0x800) || (size == 4 && code < 0x10000) || code > 0x10ffff ||
            (code >= 0xd800 && code < 0xe000) || (code >= 0xfdd0 && code < 0xfdf0) ||
            (code & 0xfffeU) == 0xfffe)
            return false;
        text.remove_prefix(size);
    }
    return true;
}

} // namespace aliasvm::fuzz
