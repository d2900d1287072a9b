// SPDX-License-Identifier: Apache-2.0
// RawTerminal: a terminal that hands on every key as it is, and is itself again afterwards.
#pragma once

namespace aliasvm::cli
{

/// Puts stdin's terminal into raw mode; the destructor puts it back as it was. So does every signal
/// that would end or stop the process, before it does; and SIGCONT makes it raw again. At most one
/// at a time. If stdin is no terminal it does nothing.
class RawTerminal
{
public:
    /// Throws Error.
    RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal();

    [[nodiscard]] bool raw() const noexcept { return raw_; }

private:
    bool raw_{};
};

} // namespace aliasvm::cli
