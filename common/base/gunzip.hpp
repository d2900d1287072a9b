// SPDX-License-Identifier: Apache-2.0
// Unpacks gzip files (RFC 1952), a piece at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace aliasvm
{

/// Whether the bytes begin as a gzip file does.
[[nodiscard]] bool looks_like_gzip(std::span<const std::byte> packed);

/// The size that the end of the file says it has unpacked, of a file of one member below 4 GiB. It
/// may say anything.
[[nodiscard]] std::uint32_t said_unpacked_size(std::span<const std::byte> packed);

/// Gives the unpacked bytes to `take`, piece by piece and in order, until that says that it has
/// enough (false) or the file ends. A piece is at most 64 KiB, and no more is ever held, however
/// much a file may unpack to. Members that follow each other are one file, and what follows them is
/// nothing, as gunzip(1) has it. Throws Error where the file is truncated or damaged; `what` names
/// it.
void gunzip(std::span<const std::byte> packed, std::string_view what,
            const std::function<bool(std::span<const std::byte> piece)>& take);

} // namespace aliasvm
