// SPDX-License-Identifier: Apache-2.0
// Replaces a small text file by another, wholly or not at all.
#pragma once

#include <string>
#include <string_view>

namespace aliasvm::daemon
{

/// Gives the file this text. Whoever reads it, and whenever this is killed or the power fails,
/// finds the old text or the new one. Owner, group and mode stay; a new file is the caller's, mode
/// 0644. A symbolic link stays one, and what it points at is replaced.
///
/// What earlier calls left that were killed is taken away: files `.NAME.new-XXXXXX` beside it. Of
/// two calls for one file at the same time, one may throw. Throws Error, and the old text is there.
void replace_file(const std::string& path, std::string_view text);

} // namespace aliasvm::daemon
