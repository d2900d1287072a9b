// SPDX-License-Identifier: Apache-2.0
// Files that people take for a kernel, and that no CPU can run as they are.
#pragma once

#include "common/plan/image.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace aliasvm::plan
{

/// What it is by its magic, or by its look where it has none (a text), and how to get out of it
/// what a CPU runs. Nothing for ELF, for an arm64 Image and for what is in no known form.
[[nodiscard]] std::optional<ImageFault> recognise_foreign(std::span<const std::byte> file);

} // namespace aliasvm::plan
