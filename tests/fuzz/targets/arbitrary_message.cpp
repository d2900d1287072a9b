// SPDX-License-Identifier: Apache-2.0
// From bytes to values, type by type.
#include "tests/fuzz/targets/arbitrary_message.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"
#include "tests/fuzz/generator.hpp"

#include <sys/mman.h>

#include <array>
#include <cerrno>

namespace aliasvm::fuzz
{

namespace
{

constexpr std::array words{"third", "left",  "ttc0", "ttc1", "ttc2",
                           "uart0", "uart1", "gem0", "gem1"};

constexpr std::array signatures{"s",  "a(ss)", "b", "ah",    "t", "h",        "ay",   "a{ss}",
                                "v",  "a{uu}", "u", "a(tt)", "n", "i",        "asas", "a{sv}",
                                "as", "d",     "g", "o",     "y", "a(sa{st})"};

void append_one(bus::Message& message, const std::string& type, Input& input)
{
    switch (type.front())
    {
    case 'a':
    {
        const std::string element = type.substr(1);
        message.open('a', element.c_str());
        for (unsigned count = input.below(4); count > 0; --count)
            append_one(message, element, input);
        message.close();
        return;
    }
    case '(':
    case '{':
    {
        const std::string inside = type.substr(1, type.size() - 2);
        message.open(type.front() == '(' ? 'r' : 'e', inside.c_str());
        append_values(message, inside, input);
        message.close();
        return;
    }
    case 'v':
        message.open('v', "s").append("s", any_text(input).c_str()).close();
        return;
    case 's':
        message.append("s", any_text(input).c_str());
        return;
    case 'o':
        message.append("o", "/org/aliasvm1");
        return;
    case 'g':
        message.append("g", "a(ss)");
        return;
    case 'h':
        message.append("h", any_descriptor());
        return;
    case 'b':
        message.append("b", static_cast<int>(input.below(2)));
        return;
    default:
    {
        // All other types are numbers, and lie in the first bytes of a wide one.
        const auto value = input.number<std::uint64_t>();
        bus::require(sd_bus_message_append_basic(message.get(), type.front(), &value),
                     "append a number");
    }
    }
}

} // namespace

int any_descriptor()
{
    static const UniqueFd descriptor{::memfd_create("fuzz", MFD_CLOEXEC)};
    return descriptor.get();
}

std::string any_text(Input& input)
{
    const unsigned choice = input.number<std::uint8_t>();
    if (choice < 200)
        return words.at(choice % words.size());
    const std::string_view text = input.text();
    return is_utf8_string(text) ? std::string{text} : std::string{};
}

void append_values(bus::Message& message, std::string_view signature, Input& input)
{
    for (const std::string& type : complete_types(signature))
        append_one(message, type, input);
}

void append_any(bus::Message& message, Input& input)
{
    for (unsigned count = input.below(5); count > 0; --count)
        append_values(message, signatures.at(input.below(signatures.size())), input);
}

} // namespace aliasvm::fuzz
