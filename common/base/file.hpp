// SPDX-License-Identifier: Apache-2.0
// Reads a whole small file, or its first line.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace aliasvm
{

/// The bytes of a regular file of at most 16 MiB: a configuration, a catalogue. Throws Error.
[[nodiscard]] std::vector<std::byte> read_file(const std::string& path);

/// Of a file of sysfs or the like, without its newline. Empty if there is no such file: what it
/// tells of can go away between two looks.
[[nodiscard]] std::string first_line(const std::filesystem::path& file);

} // namespace aliasvm
