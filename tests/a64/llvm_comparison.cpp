// SPDX-License-Identifier: Apache-2.0
// The decoder against LLVM's disassembler: the same word must be the same access, or none, to both.
//
// Where the architecture leaves it to the CPU (CONSTRAINED UNPREDICTABLE), decode() says none. So
// does LLVM, but for what Unpredictable names; and there decode() must say none alone.
//
// One thing the other way round: LLVM takes the base of an unprivileged load for written back, and
// refuses "ldtr x0, [x0]", which the architecture defines. Its answer is then that for another
// base.
#include "common/a64/decode.hpp"
#include "tests/a64/describe.hpp"
#include "tests/a64/disassembler.hpp"
#include "tests/a64/parse.hpp"
#include "tests/a64/words.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace aliasvm::a64
{
namespace
{

enum class Unpredictable : std::uint8_t
{
    writeback_over_data, ///< of a store, or of LDRSW: "str x0, [x0], #8"
    status_over_base,    ///< "stxr w0, x1, [x0]"
    status_over_data,    ///< "stxr w0, x0, [x1]"
    unused_field,        ///< register fields of STXR and LDXP that name none, not all ones
};
constexpr std::array unpredictable_names{"writeback over data", "status over base",
                                         "status over data", "unused field"};

bool holds(const Access& access, const General& general, Register which)
{
    return general.first == which || (access.elements == 2 && general.second == which);
}

/// Why the architecture does not say what this does, of what LLVM takes nevertheless.
std::optional<Unpredictable> unpredictable(std::uint32_t word, const Access& access)
{
    const auto* general = std::get_if<General>(&access.target);
    if (!general)
        return std::nullopt;
    if (access.place.writeback != Writeback::none && holds(access, *general, access.place.base))
        return Unpredictable::writeback_over_data;
    if (access.semantics.status)
    {
        if (*access.semantics.status == access.place.base)
            return Unpredictable::status_over_base;
        if (holds(access, *general, *access.semantics.status))
            return Unpredictable::status_over_data;
    }
    const bool names_status = access.direction == Direction::store;
    const bool names_second = access.elements == 2;
    if (access.semantics.exclusive && ((!names_status && (word >> 16 & 0x1f) != 0x1f) ||
                                       (!names_second && (word >> 10 & 0x1f) != 0x1f)))
        return Unpredictable::unused_field;
    return std::nullopt;
}

/// An unprivileged load of general registers, of the register that is its base.
bool is_unprivileged_load_of_base(std::uint32_t word)
{
    const bool unprivileged = (word & 0x3f200c00) == 0x38000800;
    return unprivileged && (word & 0x1f) == (word >> 5 & 0x1f);
}

class Comparison
{
public:
    void compare(std::uint32_t word)
    {
        ++words_;
        const std::optional<Access> ours = decode(word);
        const std::optional<std::string_view> line = disassembler_.text(word);
        try
        {
            std::optional<Access> theirs = line ? parse(*line) : std::nullopt;
            if (!line && is_unprivileged_load_of_base(word))
                theirs = with_other_base(word);
            if (theirs)
            {
                ++accesses_;
                if (const auto why = unpredictable(word, *theirs))
                {
                    ++unpredictable_[static_cast<std::size_t>(*why)];
                    theirs.reset();
                }
            }
            if (ours != theirs)
                tell(word, line, describe(ours), describe(theirs));
        }
        catch (const std::exception& error)
        {
            tell(word, line, describe(ours), fmt::format("a line without {}", error.what()));
        }
    }

    [[nodiscard]] bool alike() const
    {
        fmt::print("{} words: {} accesses, {} differences\n", words_, accesses_, differences_);
        for (std::size_t why = 0; why < unpredictable_.size(); ++why)
            fmt::print("  {} that LLVM takes and the architecture leaves to the CPU: {}\n",
                       unpredictable_[why], unpredictable_names[why]);
        fmt::print(
            "  {} that LLVM refuses and the architecture defines: unprivileged loads over the "
            "base\n",
            refused_);
        return differences_ == 0;
    }

private:
    std::optional<Access> with_other_base(std::uint32_t word)
    {
        constexpr std::uint32_t a_bit_of_the_base = 1U << 5;
        const auto line = disassembler_.text(word ^ a_bit_of_the_base);
        std::optional<Access> access = line ? parse(*line) : std::nullopt;
        if (access)
        {
            access->place.base = Register{static_cast<std::uint8_t>(word >> 5 & 0x1f)};
            ++refused_;
        }
        return access;
    }

    void tell(std::uint32_t word, const std::optional<std::string_view>& line,
              std::string_view ours, std::string_view theirs)
    {
        constexpr std::uint64_t enough = 50;
        if (differences_++ < enough)
            fmt::print("{:08x}{}\n  decode(): {}\n  LLVM:     {}\n", word, line.value_or(" –"),
                       ours, theirs);
    }

    Disassembler disassembler_;
    std::uint64_t words_ = 0;
    std::uint64_t accesses_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t differences_ = 0;
    std::array<std::uint64_t, unpredictable_names.size()> unpredictable_{};
};

int run(std::uint64_t seed, std::uint64_t count, bool every)
{
    fmt::print("seed {}, {} random words{}\n", seed, count, every ? ", and every encoding" : "");
    std::fflush(stdout);
    Comparison comparison;
    RandomWords random{seed};
    for (std::uint64_t number = 0; number < count; ++number)
        comparison.compare(random.next());
    if (every)
    {
        // Bits 9:0 are two registers: apart, alike, and one or both of them 31.
        for (const std::uint32_t low : {0x2a3U, 0x063U, 0x3ffU, 0x3e5U, 0x0bfU})
            for (std::uint32_t number = 0; number < EveryWord::count; ++number)
                comparison.compare(EveryWord{low}.at(number));
    }
    return comparison.alike() ? 0 : 1;
}

} // namespace
} // namespace aliasvm::a64

int main(int argc, char** argv)
{
    std::uint64_t seed = 1;
    std::uint64_t count = 10'000'000;
    bool every = false;
    CLI::App app{"Compares the decoder of loads and stores with LLVM's disassembler"};
    app.add_option("--count", count, "random words");
    app.add_option("--seed", seed, "of the random words");
    app.add_flag("--every", every, "and every encoding, with five pairs of registers: 5 Mi words");
    CLI11_PARSE(app, argc, argv);
    try
    {
        return aliasvm::a64::run(seed, count, every);
    }
    catch (const std::exception& error)
    {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
