// SPDX-License-Identifier: Apache-2.0
// arm64 Linux Images.
#pragma once

#include "common/plan/image.hpp"

#include <cstddef>
#include <span>
#include <variant>

namespace aliasvm::plan
{

/// Whether the file has the header of an Image.
[[nodiscard]] bool looks_like_linux_image(std::span<const std::byte> file);

/// Of a file that looks like one.
[[nodiscard]] std::variant<ImageFault, LinuxImage>
analyse_linux_image(std::span<const std::byte> file);

} // namespace aliasvm::plan
