// SPDX-License-Identifier: Apache-2.0
// HostView: all that doctor looks at, so that a made directory tree can stand in for a host.
#pragma once

#include "common/plan/catalogue.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::cli
{

/// Paths are below `root`, without a slash in front. Nothing throws: what cannot be read is not
/// there.
struct HostView
{
    std::filesystem::path root{"/"};
    std::string architecture;           ///< of uname: "aarch64"
    std::string release;                ///< of uname: "6.12.9-xilinx"
    std::uint64_t page_size{};          ///< bytes
    std::optional<std::string> systemd; ///< its version, "252.39-1"; none if not asked
    std::optional<std::string> socket;  ///< ActiveState of aliasvmd.socket; none if not asked
    const plan::Catalogue* catalogue{}; ///< null if it cannot be read

    [[nodiscard]] std::filesystem::path at(std::string_view path) const { return root / path; }
    [[nodiscard]] bool exists(std::string_view path) const;
    /// Without the newline at its end.
    [[nodiscard]] std::optional<std::string> text(std::string_view path) const;
    /// Split at newlines; empty if it cannot be read.
    [[nodiscard]] std::vector<std::string> lines(std::string_view path) const;
    /// Names in a folder, sorted; empty if it cannot be read.
    [[nodiscard]] std::vector<std::string> names(std::string_view folder) const;
    /// The last part of what a symbolic link points at.
    [[nodiscard]] std::optional<std::string> link(std::string_view path) const;
};

/// Words of a text, separated by blanks.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

/// "A, B and C".
[[nodiscard]] std::string listed(const std::vector<std::string>& names);

/// Whole numbers before and after the first dot of a version; 0 where there is none.
struct Version
{
    unsigned major{};
    unsigned minor{};

    friend auto operator<=>(const Version&, const Version&) = default;
};
[[nodiscard]] Version version_of(std::string_view text);

} // namespace aliasvm::cli
