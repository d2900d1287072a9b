// SPDX-License-Identifier: Apache-2.0
// The exit codes of aliasvm, which scripts rely on.
#pragma once

#include <cstdint>

namespace aliasvm::cli
{

enum class ExitCode : std::uint8_t
{
    success = 0,
    failure = 1,        ///< the act failed, or aliasvmd cannot be reached
    usage = 2,          ///< the command line is wrong
    not_found = 3,      ///< no such VM, device or alias
    denied = 4,         ///< the caller may not
    configuration = 78, ///< EX_CONFIG: a configuration file is bad
};

} // namespace aliasvm::cli
