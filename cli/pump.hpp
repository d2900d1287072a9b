// SPDX-License-Identifier: Apache-2.0
// The bytes between a person's terminal and a console.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace aliasvm::cli
{

/// "^]", "^a" or one character itself; "none" for no escape at all. Throws BadUsage.
[[nodiscard]] std::optional<char> parse_escape(std::string_view text);

enum class PumpEnd : std::uint8_t
{
    escape,       ///< the person left
    console_gone, ///< the other side closed it
};

struct PumpFds
{
    int input;
    int output;
    int console; ///< becomes non-blocking
};

/// Copies both ways until it ends. The escape is found even while the console takes nothing: then
/// what is typed is dropped once 64 KiB wait, while input that is a pipe is left unread
/// (`lossless`). The end of `input` is passed on to the console, and its output still copied.
/// Throws Error.
[[nodiscard]] PumpEnd pump(const PumpFds& fds, std::optional<char> escape, bool lossless);

} // namespace aliasvm::cli
