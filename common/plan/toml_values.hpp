// SPDX-License-Identifier: Apache-2.0
// Values of TOML nodes as the types they should have, or a problem.
#pragma once

#include "common/plan/config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <toml++/toml.h>

namespace aliasvm::plan
{

/// Reads the nodes of one file and collects what is wrong with them. A function that gives nothing
/// has added a problem.
class TomlValues
{
public:
    TomlValues(std::string file, Problems& problems) : file_{std::move(file)}, problems_{&problems}
    {
    }

    [[nodiscard]] SourcePosition at(const toml::source_region& region) const;
    void problem(const toml::source_region& region, std::string what, std::string mend);

    /// `mend` is for any other type.
    [[nodiscard]] std::optional<Located<std::string>>
    text(const std::string& key, const toml::node& node, const std::string& mend);
    [[nodiscard]] std::optional<Located<std::int64_t>>
    integer(const std::string& key, const toml::node& node, const std::string& mend);
    [[nodiscard]] std::optional<Located<bool>>
    boolean(const std::string& key, const toml::node& node, const std::string& mend);
    /// An integer not below zero.
    [[nodiscard]] std::optional<Located<std::uint64_t>>
    address(const std::string& key, const toml::node& node, const std::string& mend);
    /// Bytes, or a text with a unit.
    [[nodiscard]] std::optional<Located<std::uint64_t>> size(const std::string& key,
                                                             const toml::node& node);
    /// An absolute path: the working directory of a service is nothing to rely on.
    [[nodiscard]] std::optional<Located<std::string>> path(const std::string& key,
                                                           const toml::node& node);
    [[nodiscard]] std::optional<std::vector<Located<std::uint64_t>>>
    numbers(const std::string& key, const toml::node& node, const std::string& mend);

private:
    void wrong_type(const std::string& key, const toml::node& node, const char* expected,
                    const std::string& mend);

    std::string file_;
    Problems* problems_;
};

} // namespace aliasvm::plan
