// SPDX-License-Identifier: Apache-2.0
// One function for each kind of value.
#include "tests/fuzz/generator.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <limits>

namespace aliasvm::fuzz
{

using bus::Message;

namespace
{

/// In a signature; and from there on arrays take no further ones. dbus-daemon hangs up on whoever
/// sends more than 16 in a message (max_message_unix_fds), and that would be its doing, not ours.
constexpr int most_descriptors = 3;
constexpr int deepest = 6;
constexpr std::string_view basic_types = "ybnqiuxtdsogh";

std::size_t end_of_type(std::string_view signature, std::size_t at)
{
    while (signature[at] == 'a')
        ++at;
    int open = 0;
    do
    {
        const char c = signature[at++];
        open += c == '(' || c == '{' ? 1 : c == ')' || c == '}' ? -1 : 0;
    } while (open > 0);
    return at;
}

} // namespace

std::vector<std::string> complete_types(std::string_view signature)
{
    std::vector<std::string> types;
    for (std::size_t at = 0; at < signature.size();)
    {
        const std::size_t end = end_of_type(signature, at);
        types.emplace_back(signature.substr(at, end - at));
        at = end;
    }
    return types;
}

Descriptors::Descriptors()
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw Error{errno, "make a pipe"};
    ends_[0] = UniqueFd{ends[0]};
    ::close(ends[1]);
    ends_[1] = UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    ends_[2] = UniqueFd{::memfd_create("fuzz", MFD_CLOEXEC)};
    if (!ends_[1].ok() || !ends_[2].ok())
        throw Error{errno, "make descriptors to send"};
}

std::string Generator::type(int depth)
{
    switch (depth < 3 ? below(8) : 7)
    {
    case 0:
        return "a" + type(depth + 1);
    case 1:
        return "(" + type(depth + 1) + type(depth + 1) + ")";
    case 2:
        return "a{s" + type(depth + 1) + "}";
    case 3:
        return "v";
    default:
    {
        const char basic = basic_types[below(basic_types.size())];
        if (basic == 'h' && ++drawn_descriptors_ > most_descriptors)
            return "u";
        return std::string{basic};
    }
    }
}

std::string Generator::signature()
{
    std::string types;
    for (std::uint64_t count = below(5); count > 0; --count)
        types += type(0);
    return types;
}

std::string Generator::noise(std::size_t most)
{
    std::string bytes(below(most) + 1, '\0');
    for (char& byte : bytes)
        byte = static_cast<char>(random_());
    return bytes;
}

std::string Generator::string(std::string_view argument)
{
    const auto known = words_.find(argument);
    if (known != words_.end() && !one_in(4))
        return known->second[below(known->second.size())];
    switch (below(10))
    {
    case 0:
        return {};
    case 1:
        return std::string(below(100'000), 'a');
    case 2:
        return "gr\u00fc\u00df\u4e2d\u6587\U0001f980\u202e\ufeff";
    case 3:
        return "../../../../etc/passwd";
    case 4:
        return "/org/aliasvm1/machine/left";
    case 5:
        return "%s%n{}{:9999}\n[left]\nttc0 = \"ttc2\"\n\\u0000\x01\x7f";
    case 6:
    {
        std::string text; // letters of two bytes each
        for (std::uint64_t count = below(300); count > 0; --count)
            text += std::string{'\xc3', static_cast<char>(0x80 + below(0x40))};
        return text;
    }
    default:
    {
        auto at = words_.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(below(words_.size())));
        return at->second[below(at->second.size())];
    }
    }
}

void Generator::append_basic(Message& message, char type, std::string_view argument)
{
    constexpr std::array<std::uint64_t, 6> edges{0, 1, 0x7fffffff, 0x80000000, UINT64_MAX, 255};
    const std::uint64_t number = one_in(2) ? edges[below(edges.size())] : random_();
    const auto add = [&](const void* value)
    { bus::require(sd_bus_message_append_basic(message.get(), type, value), "append a value"); };
    switch (type)
    {
    case 's':
        return add(string(argument).c_str());
    case 'o':
        return add(one_in(2) ? "/" : "/org/aliasvm1/device/ttc1");
    case 'g':
        return add(signature().c_str());
    case 'b':
    {
        const int flag = static_cast<int>(number & 1);
        return add(&flag);
    }
    case 'd':
    {
        const auto real =
            one_in(3) ? std::numeric_limits<double>::quiet_NaN() : std::bit_cast<double>(random_());
        return add(&real);
    }
    case 'h':
    {
        const int descriptor = descriptors_.at(number);
        ++sent_descriptors_;
        return add(&descriptor);
    }
    default:
        return add(&number); // little-endian: the narrower ones lie in its first bytes
    }
}

void Generator::append_array(Message& message, const std::string& element, int depth)
{
    message.open('a', element.c_str());
    std::uint64_t count = below(4);
    if (element.size() == 1 && element != "h" && element != "v" && depth < 2 && one_in(20))
        count = element == "s" || element == "g" ? 200 : 20'000;
    if (element == "{sv}" && one_in(2))
        append_option(message, depth);
    else
        while (count-- > 0 && may_follow(element))
            append(message, element, {}, depth + 1);
    message.close();
}

bool Generator::may_follow(const std::string& type) const
{
    return sent_descriptors_ < most_descriptors || type.find('h') == std::string::npos;
}

/// One that is there, mostly of the type that it has.
void Generator::append_option(Message& message, int depth)
{
    message.open('e', "sv").append("s", one_in(2) ? "persistent" : "force");
    if (one_in(4))
        append(message, "v", {}, depth + 2);
    else
        message.append("v", "b", static_cast<int>(below(2)));
    message.close();
}

void Generator::append(Message& message, const std::string& type, std::string_view argument,
                       int depth)
{
    const std::string inside = type.size() > 2 ? type.substr(1, type.size() - 2) : std::string{};
    switch (type.front())
    {
    case 'a':
        return append_array(message, type.substr(1), depth);
    case 'v':
    {
        // Variants in variants are what a reader could be made to recurse by.
        std::string content = depth < deepest && one_in(4) ? "v" : this->type(depth);
        if (!may_follow(content))
            content = "u";
        message.open('v', content.c_str());
        append(message, content, {}, depth + 1);
        message.close();
        return;
    }
    case '(':
    case '{':
    {
        message.open(type.front() == '(' ? 'r' : 'e', inside.c_str());
        for (const std::string& member : complete_types(inside))
            append(message, member, {}, depth + 1);
        message.close();
        return;
    }
    default:
        append_basic(message, type.front(), argument);
    }
}

} // namespace aliasvm::fuzz
