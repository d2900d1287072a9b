// SPDX-License-Identifier: Apache-2.0
// Instruction words for the comparison: drawn, or one by one.
#pragma once

#include <cstdint>
#include <random>

namespace aliasvm::a64
{

/// Random words, most of them where the loads and stores are (bits 28:25 of x1x0), with registers
/// that coincide and should-be bits that are right more often than by chance.
class RandomWords
{
public:
    explicit RandomWords(std::uint64_t seed) : random_{seed} {}
    [[nodiscard]] std::uint32_t next();

private:
    bool once_in(unsigned times) { return random_() % times == 0; }
    void shape(std::uint32_t& word);

    std::mt19937_64 random_;
};

/// Every value of bits 31:10 with bits 28:25 of x1x0: every opcode, offset and second or third
/// register, with the registers of bits 9:0 given.
class EveryWord
{
public:
    static constexpr std::uint32_t count = 1U << 20;

    explicit EveryWord(std::uint32_t low_bits) : low_bits_{low_bits} {}
    [[nodiscard]] std::uint32_t at(std::uint32_t number) const;

private:
    std::uint32_t low_bits_;
};

} // namespace aliasvm::a64
