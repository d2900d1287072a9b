// SPDX-License-Identifier: Apache-2.0
// One text form of a problem for every place that prints one.
#include "common/base/problem.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace aliasvm
{

void sort_by_place(Problems& problems)
{
    std::ranges::stable_sort(problems, {},
                             [](const Problem& problem) {
                                 return std::pair{problem.at.line, problem.at.column};
                             });
}

std::string to_string(const Problem& problem)
{
    std::string text = problem.at.file;
    if (problem.at.line != 0)
        text += fmt::format(":{}:{}", problem.at.line, problem.at.column);
    text += fmt::format(": {}", problem.what);
    if (!problem.mend.empty())
        text += fmt::format("; {}", problem.mend);
    return text;
}

} // namespace aliasvm
