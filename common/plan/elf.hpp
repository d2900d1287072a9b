// SPDX-License-Identifier: Apache-2.0
// ELF executables.
#pragma once

#include "common/plan/image.hpp"

#include <cstddef>
#include <span>
#include <variant>

namespace aliasvm::plan
{

/// Whether the file begins as an ELF file does.
[[nodiscard]] bool looks_like_elf(std::span<const std::byte> file);

[[nodiscard]] std::variant<ImageFault, ElfImage> analyse_elf(std::span<const std::byte> file);

} // namespace aliasvm::plan
