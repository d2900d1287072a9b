// SPDX-License-Identifier: Apache-2.0
// What is rare by chance and matters is made frequent here.
#include "tests/a64/words.hpp"

#include <array>

namespace aliasvm::a64
{

namespace
{

void set(std::uint32_t& word, unsigned low, unsigned bits, std::uint32_t value)
{
    const std::uint32_t mask = ((1U << bits) - 1) << low;
    word = (word & ~mask) | (value << low & mask);
}

std::uint32_t get(std::uint32_t word, unsigned low, unsigned bits)
{
    return (word >> low) & ((1U << bits) - 1);
}

} // namespace

std::uint32_t RandomWords::next()
{
    auto word = static_cast<std::uint32_t>(random_());
    if (once_in(8))
        return word;
    if (once_in(64))
    {
        set(word, 5, 27, 0xd50b7420U >> 5); // DC ZVA …
        if (once_in(2))
            word ^= 1U << (random_() % 32); // … and its neighbours
        return word;
    }
    set(word, 27, 1, 1);
    set(word, 25, 1, 0);
    if (once_in(2))
    {
        // Bits 29:24 of the classes, rare and frequent ones alike.
        constexpr std::array<std::uint32_t, 13> classes{0x08, 0x0c, 0x0d, 0x18, 0x1c, 0x28, 0x29,
                                                        0x2c, 0x2d, 0x38, 0x39, 0x3c, 0x3d};
        set(word, 24, 6, classes[random_() % classes.size()]);
    }
    shape(word);
    return word;
}

void RandomWords::shape(std::uint32_t& word)
{
    const std::uint32_t rest = get(word, 24, 6);
    if (rest == 0x08)
    {
        if (once_in(2))
            set(word, 16, 5, 31);
        if (once_in(2))
            set(word, 10, 5, 31);
        if (once_in(8))
            set(word, 16, 5, get(word, 5 * static_cast<unsigned>(random_() % 2), 5));
    }
    if ((rest & 0x3e) == 0x0c && once_in(2))
        set(word, 16, 5, once_in(2) ? 0 : 31);
    if (once_in(8))
        set(word, 5, 5, 31);
    if (once_in(8))
        set(word, 0, 5, 31);
    if (once_in(8))
        set(word, 0, 5, get(word, 5, 5));
    if (once_in(8))
        set(word, 10, 5, get(word, 5 * static_cast<unsigned>(random_() % 2), 5));
}

std::uint32_t EveryWord::at(std::uint32_t number) const
{
    std::uint32_t word = low_bits_;
    set(word, 10, 15, number);      // 24:10
    set(word, 26, 1, number >> 15); // 26
    set(word, 28, 4, number >> 16); // 31:28
    set(word, 27, 1, 1);
    return word;
}

} // namespace aliasvm::a64
