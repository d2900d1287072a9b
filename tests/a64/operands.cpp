// SPDX-License-Identifier: Apache-2.0
// As LLVM writes them: decimal numbers, registers of a list one by one.
#include "tests/a64/operands.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <stdexcept>
#include <string>

namespace aliasvm::a64
{

namespace
{

[[noreturn]] void missing(std::string_view what)
{
    throw std::runtime_error{std::string{what}};
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

std::uint8_t size_of(char letter)
{
    switch (letter)
    {
    case 'b':
        return 1;
    case 'h':
        return 2;
    case 'w':
    case 's':
        return 4;
    case 'x':
    case 'd':
        return 8;
    case 'q':
        return 16;
    default:
        missing("a register");
    }
}

std::uint8_t parse_number(std::string_view digits, unsigned below)
{
    unsigned value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || value >= below)
        missing("a small number");
    return static_cast<std::uint8_t>(value);
}

} // namespace

Operands::Operands(std::string_view text) : rest_{text}
{
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
}

// ---- characters ------------------------------------------------------------------------------

char Operands::peek(std::size_t at) const
{
    return at < rest_.size() ? rest_[at] : '\0';
}

bool Operands::take(char what)
{
    if (peek() != what)
        return false;
    rest_.remove_prefix(1);
    return true;
}

void Operands::expect(char what)
{
    if (!take(what))
        missing(std::string{what});
}

std::string_view Operands::word()
{
    std::size_t size = 0;
    while (std::isalnum(static_cast<unsigned char>(peek(size))) != 0)
        ++size;
    const std::string_view result = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return result;
}

std::int64_t Operands::number()
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{})
        missing("a number");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
}

std::int64_t Operands::immediate()
{
    expect('#');
    return number();
}

void Operands::separator()
{
    if (rest_.empty())
        return;
    expect(',');
    expect(' ');
}

// ---- operands --------------------------------------------------------------------------------

bool Operands::next_is(std::string_view word) const
{
    return rest_.starts_with(word);
}

bool Operands::next_is_vector() const
{
    constexpr std::string_view letters = "bhsdq";
    return letters.find(peek()) != std::string_view::npos && is_digit(peek(1));
}

std::uint8_t Operands::size_of_next() const
{
    return size_of(peek());
}

NamedRegister Operands::general()
{
    const std::string_view name = word();
    if (name == "sp")
    {
        separator();
        return {Register::sp, true};
    }
    if (name.size() < 2 || (name[0] != 'w' && name[0] != 'x'))
        missing("a general register");
    const bool wide = name[0] == 'x';
    const std::string_view number = name.substr(1);
    separator();
    return {number == "zr" ? Register::zr : Register{parse_number(number, 31)}, wide};
}

VectorRegister Operands::vector()
{
    const std::string_view name = word();
    separator();
    return {parse_number(name.substr(1), 32)};
}

VectorList Operands::vector_list()
{
    VectorList list{};
    expect('{');
    do
    {
        expect(' ');
        expect('v');
        const std::uint8_t at = parse_number(word(), 32);
        if (list.registers == 0)
            list.first = {at};
        else if (at != (list.first.number + list.registers) % 32)
            missing("registers one after the other");
        ++list.registers;
        expect('.');
        list.lanes = is_digit(peek()) ? static_cast<std::uint8_t>(number()) : std::uint8_t{0};
        const std::string_view arrangement = word();
        list.element_bytes = size_of(arrangement.front());
    } while (take(','));
    expect(' ');
    expect('}');
    if (take('['))
    {
        list.lane = static_cast<std::uint8_t>(number());
        expect(']');
    }
    separator();
    return list;
}

/// "x2", "w2, uxtw #3", "x2, lsl #3", "x2, sxtx".
Offset Operands::index()
{
    const bool wide = peek() == 'x';
    const std::string_view name = word();
    const std::string_view which = name.substr(1);
    Index index{which == "zr" ? Register::zr : Register{parse_number(which, 31)}, Extend::none, 0};
    if (!take(','))
        return wide ? index : (missing("an extension"), index);
    expect(' ');
    const std::string_view extend = word();
    if (extend == "uxtw" && !wide)
        index.extend = Extend::uxtw;
    else if (extend == "sxtw" && !wide)
        index.extend = Extend::sxtw;
    else if (!wide || (extend != "lsl" && extend != "sxtx"))
        missing("an extension of a register of that width");
    if (take(' '))
        index.shift = static_cast<std::uint8_t>(immediate());
    return index;
}

Place Operands::place()
{
    if (peek() == '#')
        return {Register::pc, immediate(), Writeback::none};
    expect('[');
    const std::size_t end = rest_.find_first_of(",]");
    Place place{};
    const std::string_view name = word();
    place.base = name == "sp" ? Register::sp : Register{parse_number(name.substr(1), 31)};
    if (end == std::string_view::npos || name.empty() || (name != "sp" && name[0] != 'x'))
        missing("a base register");
    if (take(','))
    {
        expect(' ');
        place.offset = peek() == '#' ? Offset{immediate()} : index();
        expect(']');
        place.writeback = take('!') ? Writeback::pre : Writeback::none;
        return place;
    }
    expect(']');
    place.offset = std::int64_t{0};
    if (take(','))
    {
        expect(' ');
        place.offset = peek() == '#' ? Offset{immediate()} : index();
        place.writeback = Writeback::post;
    }
    return place;
}

void Operands::skip()
{
    const std::size_t end = rest_.find(',');
    if (end == std::string_view::npos)
        missing("another operand");
    rest_.remove_prefix(end);
    separator();
}

void Operands::end() const
{
    if (!rest_.empty())
        missing("the end of the line");
}

} // namespace aliasvm::a64
