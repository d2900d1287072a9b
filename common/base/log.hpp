// SPDX-License-Identifier: Apache-2.0
// Sets up the program's log.
#pragma once

#include <string_view>

namespace aliasvm
{

/// The default logger writes to stderr: with the priority prefix that the journal reads
/// (sd-daemon(3)) when stderr is the journal's, as "program: level: text" otherwise. Debug
/// messages are shown when SPDLOG_LEVEL in the environment says so. Call once, first.
void set_up_log(std::string_view program);

} // namespace aliasvm
