// SPDX-License-Identifier: Apache-2.0
// Failures as a person and a script get them: words on stderr, and an exit code.
#pragma once

#include "cli/exit_code.hpp"

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace aliasvm::cli
{

/// The command line asks for something that cannot be meant.
class BadUsage : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// There is nothing of that name.
class NotFound : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// "aliasvm: …" to stderr.
void complain(const std::string& what);

/// Complains of the exception that is being handled, with its mend; must be called in a handler.
[[nodiscard]] ExitCode report_current_exception() noexcept;

/// Acts on each name, whatever happens to the others; the result is the first failure's.
[[nodiscard]] ExitCode for_each_name(const std::vector<std::string>& names,
                                     const std::function<void(const std::string&)>& act);

} // namespace aliasvm::cli
