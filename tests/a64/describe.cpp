// SPDX-License-Identifier: Apache-2.0
// One line for each access, every field of it.
#include "tests/a64/describe.hpp"

#include <ostream>

#include <fmt/format.h>

namespace aliasvm::a64
{

namespace
{

std::string name(Register which)
{
    switch (which)
    {
    case Register::zr:
        return "zr";
    case Register::sp:
        return "sp";
    case Register::pc:
        return "pc";
    default:
        return fmt::format("x{}", static_cast<unsigned>(which));
    }
}

struct TargetText
{
    unsigned elements;

    std::string operator()(const General& general) const
    {
        constexpr const char* extensions[] = {"zero", "sign 32", "sign 64"};
        return fmt::format("{}{} ({})", name(general.first),
                           elements == 2 ? " " + name(general.second) : "",
                           extensions[static_cast<unsigned>(general.extension)]);
    }
    std::string operator()(const Scalar& scalar) const
    {
        return elements == 2 ? fmt::format("v{} v{}", scalar.first.number, scalar.second.number)
                             : fmt::format("v{}", scalar.first.number);
    }
    std::string operator()(const Structure& structure) const
    {
        constexpr const char* lanes[] = {"consecutive", "interleaved", "one", "all"};
        return fmt::format("v{}+{} of {} bytes, lanes {} ({})", structure.first.number,
                           structure.registers, structure.register_bytes,
                           lanes[static_cast<unsigned>(structure.lanes)], structure.lane);
    }
    std::string operator()(NoRegister) const { return "no register"; }
};

std::string describe(const Place& place)
{
    constexpr const char* extends[] = {"lsl", "uxtw", "sxtw"};
    constexpr const char* writebacks[] = {"", " pre-index", " post-index"};
    std::string offset;
    if (const auto* bytes = std::get_if<std::int64_t>(&place.offset))
        offset = fmt::format("{:+}", *bytes);
    else
    {
        const auto& index = std::get<Index>(place.offset);
        offset = fmt::format("+{} {} {}", name(index.from),
                             extends[static_cast<unsigned>(index.extend)], index.shift);
    }
    return fmt::format("{}{}{}{}", name(place.base), offset,
                       writebacks[static_cast<unsigned>(place.writeback)],
                       place.block == 1 ? "" : fmt::format(" in blocks of {}", place.block));
}

} // namespace

std::string describe(const Access& access)
{
    constexpr const char* directions[] = {"load", "store", "no access"};
    std::string text =
        fmt::format("{} of {}x{}, {}, at {}", directions[static_cast<unsigned>(access.direction)],
                    access.elements, access.element_bytes,
                    std::visit(TargetText{access.elements}, access.target), describe(access.place));
    if (access.semantics.exclusive)
        text += ", exclusive";
    if (access.semantics.acquire)
        text += ", acquire";
    if (access.semantics.release)
        text += ", release";
    if (access.semantics.status)
        text += ", status to " + name(*access.semantics.status);
    return text;
}

std::string describe(const std::optional<Access>& access)
{
    return access ? describe(*access) : "no access known";
}

void PrintTo(const Access& access, std::ostream* out)
{
    *out << describe(access);
}

} // namespace aliasvm::a64
