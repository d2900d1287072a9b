// SPDX-License-Identifier: Apache-2.0
// Reads a whole small file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace aliasvm
{

/// The bytes of a regular file of at most 16 MiB: a configuration, a catalogue. Throws Error.
[[nodiscard]] std::vector<std::byte> read_file(const std::string& path);

} // namespace aliasvm
