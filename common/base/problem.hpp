// SPDX-License-Identifier: Apache-2.0
// Problem: one mistake in what a user wrote, with its place and its mend.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace aliasvm
{

/// A place in a text file. Lines and columns count from 1; 0 means that the whole file is meant.
struct SourcePosition
{
    std::string file;
    std::uint32_t line{};
    std::uint32_t column{};
};

/// `what` names the mistake with its object, `mend` says what to write or do instead.
struct Problem
{
    SourcePosition at;
    std::string what;
    std::string mend;
};

using Problems = std::vector<Problem>;

/// As they come in the file; those of one place stay as they are.
void sort_by_place(Problems& problems);

/// "FILE:LINE:COLUMN: what; mend". Line and column are left out where they are 0.
[[nodiscard]] std::string to_string(const Problem& problem);

} // namespace aliasvm
