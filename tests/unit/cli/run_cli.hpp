// SPDX-License-Identifier: Apache-2.0
// Runs the program aliasvm as a user does, and has what it says.
#pragma once

#include <string>
#include <vector>

namespace aliasvm::cli
{

struct Outcome
{
    int status{}; ///< exit code; 128 + N if signal N ended it
    std::string out;
    std::string err;
};

/// `input` is all of its stdin. The program is $ALIASVM_TEST_PROGRAM, the catalogue
/// $ALIASVM_TEST_CATALOGUE.
[[nodiscard]] Outcome run_cli(const std::vector<std::string>& arguments,
                              const std::string& input = "");

/// For what a test runs in another way: the program, its first arguments, and then these.
[[nodiscard]] std::vector<std::string> command_line(const std::vector<std::string>& arguments);

/// Execs it; only in a forked child. Does not return.
[[noreturn]] void exec_line(const std::vector<std::string>& line);

} // namespace aliasvm::cli
