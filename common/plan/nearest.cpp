// SPDX-License-Identifier: Apache-2.0
// Edit distance with transpositions (optimal string alignment).
#include "common/plan/nearest.hpp"

#include <algorithm>

#include <fmt/ranges.h>

namespace aliasvm::plan
{

namespace
{

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::size_t distance(std::string_view a, std::string_view b)
{
    // Rows of the table for one letter of `a` less by two, by one, and the current one.
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i)
    {
        std::swap(before_last, last);
        std::swap(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j)
        {
            const std::size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
    }
    return row[b.size()];
}

} // namespace

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates)
{
    // A third of the letters wrong is still a typing error, in words as short as these.
    const std::size_t bound = std::max<std::size_t>(1, word.size() / 3);
    constexpr std::size_t longest = 64;
    if (word.empty() || word.size() > longest)
        return std::nullopt;
    std::optional<std::string> best;
    std::size_t best_distance = bound + 1;
    for (const std::string& candidate : candidates)
    {
        const std::size_t edits = distance(word, candidate);
        if (edits < best_distance)
        {
            best_distance = edits;
            best = candidate;
        }
    }
    return best;
}

std::string suggest(std::string_view word, const std::vector<std::string>& candidates)
{
    if (const auto word_meant = nearest(word, candidates))
        return fmt::format("did you mean \"{}\"?", *word_meant);
    return fmt::format("known are: {}", fmt::join(candidates, ", "));
}

} // namespace aliasvm::plan
