// SPDX-License-Identifier: Apache-2.0
// Finds out what a kernel is, unpacked if need be.
#pragma once

#include "common/plan/image.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace aliasvm::facts
{

struct KernelFile
{
    plan::KernelFacts facts;
    std::optional<std::uint64_t> unpacked_size; ///< nothing: the file is no gzip file
};

/// Of a gzip file it is what is in it. Of an Image in one, of which people have 40 MB, the head and
/// the trailer are looked at: that the rest is whole, whoever loads it finds out. Anything else is
/// unpacked for the look, up to `most` bytes; more is a fault. `path` is for messages.
[[nodiscard]] KernelFile look_at_kernel(std::span<const std::byte> file, const std::string& path,
                                        std::uint64_t most);

} // namespace aliasvm::facts
