// SPDX-License-Identifier: Apache-2.0
// Opens a file that somebody named, reads a whole small one, or its first line.
#pragma once

#include "common/base/unique_fd.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace aliasvm
{

/// The file, open for reading. Regular files only, and nobody is waited for: a pipe would wait for
/// its other end, and what a device does when it is opened is its own affair. Throws Error: EISDIR
/// for a folder, EINVAL for all else that is no regular file.
[[nodiscard]] UniqueFd open_regular_file(const std::string& path);

/// The bytes of a regular file of at most 16 MiB: a configuration, a catalogue. Throws Error.
[[nodiscard]] std::vector<std::byte> read_file(const std::string& path);

/// Of a file of sysfs or the like, without its newline. Empty if there is no such file: what it
/// tells of can go away between two looks.
[[nodiscard]] std::string first_line(const std::filesystem::path& file);

} // namespace aliasvm
