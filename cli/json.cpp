// SPDX-License-Identifier: Apache-2.0
// RFC 8259, the writing half.
#include "cli/json.hpp"

#include "cli/utf8.hpp"

#include <fmt/format.h>

namespace aliasvm::cli
{

Json& Json::object()
{
    return begin('{', '}');
}

Json& Json::array()
{
    return begin('[', ']');
}

Json& Json::begin(char open, char close)
{
    separate();
    text_ += open;
    closing_.push_back(close);
    first_ = true;
    return *this;
}

Json& Json::end()
{
    text_ += closing_.back();
    closing_.pop_back();
    first_ = false;
    return *this;
}

Json& Json::key(std::string_view name)
{
    separate();
    quote(name);
    text_ += ':';
    first_ = true;
    return *this;
}

Json& Json::text(std::string_view value)
{
    separate();
    quote(value);
    first_ = false;
    return *this;
}

Json& Json::number(std::uint64_t value)
{
    return raw(fmt::format("{}", value));
}

Json& Json::real(double value)
{
    return raw(fmt::format("{:.1f}", value));
}

Json& Json::boolean(bool value)
{
    return raw(value ? "true" : "false");
}

Json& Json::null()
{
    return raw("null");
}

Json& Json::raw(std::string_view value)
{
    separate();
    text_ += value;
    first_ = false;
    return *this;
}

void Json::separate()
{
    if (!first_)
        text_ += ',';
}

void Json::quote(std::string_view value)
{
    text_ += '"';
    for (const char c : valid_utf8(value))
    {
        if (c == '"' || c == '\\')
            (text_ += '\\') += c;
        else if (c == '\n')
            text_ += "\\n";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            text_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            text_ += c;
    }
    text_ += '"';
}

} // namespace aliasvm::cli
