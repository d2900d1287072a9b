// SPDX-License-Identifier: Apache-2.0
// A guest's translation tables, built as its kernel would, from the architecture's tables of
// levels.
#pragma once

#include "common/a64/translate.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace aliasvm::a64
{

/// A granule as the Arm ARM has it: where each level's index begins, and from which TxSZ on the
/// walk begins at which level. 64 KiB has no level 0.
struct Granule
{
    unsigned bits;
    std::array<unsigned, 4> shift;
    std::array<unsigned, 4> smallest_size; ///< of T0SZ or T1SZ, by the level of the first table
    unsigned first_block_level;
    unsigned tg0;
    unsigned tg1;

    [[nodiscard]] unsigned start_level(unsigned size) const
    {
        unsigned level = 3;
        while (size < smallest_size.at(level))
            --level;
        return level;
    }
};

inline constexpr Granule granule_4k{12, {39, 30, 21, 12}, {16, 25, 34, 43}, 1, 0, 2};
inline constexpr Granule granule_16k{14, {47, 36, 25, 14}, {16, 17, 28, 39}, 2, 2, 1};
inline constexpr Granule granule_64k{16, {64, 42, 29, 16}, {0, 16, 22, 35}, 2, 1, 3};

class FakeRam : public PhysicalMemory
{
public:
    std::map<std::uint64_t, std::uint64_t> words;
    std::vector<GuestRange> zeros; ///< where there is RAM that nobody has written

    [[nodiscard]] std::optional<std::uint64_t> word(GuestAddr at) const noexcept override
    {
        ++reads;
        const auto found = words.find(at.value);
        if (found != words.end())
            return found->second;
        for (const GuestRange& range : zeros)
            if (range.contains(at, 8))
                return 0;
        return std::nullopt;
    }

    mutable unsigned reads = 0;
};

/// Tables of one half, from `first` on.
class GuestTables
{
public:
    static constexpr std::uint64_t valid = 1;
    static constexpr std::uint64_t table_or_page = 2;
    static constexpr std::uint64_t accessed = 1U << 10;

    GuestTables(FakeRam& ram, const Granule& granule, unsigned size, std::uint64_t first)
        : ram_{ram}, granule_{granule}, size_{size}, next_{first}, root_{new_table()}
    {
    }

    [[nodiscard]] std::uint64_t root() const { return root_; }

    /// A page (level 3) or a block at `at`, with attributes that must not matter.
    void map(std::uint64_t at, std::uint64_t output, unsigned level)
    {
        constexpr std::uint64_t attributes = 0x0060'0000'0000'0b44; // XN, nG, SH, AP, index 1
        const std::uint64_t type = level == 3 ? table_or_page : 0;
        entry(at, level) = output | attributes | accessed | type | valid;
    }

    /// The descriptor that maps `at` at that level; the tables above are made.
    std::uint64_t& entry(std::uint64_t at, unsigned level)
    {
        constexpr std::uint64_t hierarchical = 0xf800'0000'0000'0000; // NS, AP, XN, PXN
        std::uint64_t table = root_;
        for (unsigned above = granule_.start_level(size_); above < level; ++above)
        {
            std::uint64_t& descriptor = ram_.words[table + 8 * index(at, above)];
            if (descriptor == 0)
                descriptor = new_table() | hierarchical | table_or_page | valid;
            table = descriptor & 0x0000'ffff'ffff'ffff & ~((std::uint64_t{1} << granule_.bits) - 1);
        }
        return ram_.words[table + 8 * index(at, level)];
    }

private:
    [[nodiscard]] std::uint64_t index(std::uint64_t at, unsigned level) const
    {
        const std::uint64_t inside = at & ((std::uint64_t{1} << (64 - size_)) - 1);
        const unsigned per_table = granule_.bits - 3;
        return (inside >> granule_.shift.at(level)) & ((1U << per_table) - 1);
    }

    std::uint64_t new_table()
    {
        const std::uint64_t at = next_;
        const std::uint64_t bytes = std::uint64_t{1} << granule_.bits;
        next_ += bytes;
        ram_.zeros.push_back({{at}, bytes});
        return at;
    }

    FakeRam& ram_;
    const Granule& granule_;
    unsigned size_;
    std::uint64_t next_;
    std::uint64_t root_;
};

} // namespace aliasvm::a64
