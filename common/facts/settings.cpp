// SPDX-License-Identifier: Apache-2.0
// The keys of aliasvmd.toml.
#include "common/facts/settings.hpp"

#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/base/problem.hpp"
#include "common/plan/toml_values.hpp"

#include <cerrno>
#include <string_view>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace aliasvm::facts
{

namespace
{

void read_keys(Settings& settings, plan::TomlValues& values, const toml::table& table)
{
    for (const auto& [key, node] : table)
    {
        if (key.str() != "allow_identity_dma")
            values.problem(key.source(), fmt::format("there is no key {}", key.str()),
                           "the only one is allow_identity_dma");
        else if (const auto* const value = node.as_boolean())
            settings.allow_identity_dma = value->get();
        else
            values.problem(node.source(), "allow_identity_dma is neither true nor false",
                           "write allow_identity_dma = true, without quotes");
    }
}

} // namespace

Settings read_settings(const std::string& file)
{
    std::vector<std::byte> bytes;
    try
    {
        bytes = read_file(file);
    }
    catch (const Error& error)
    {
        if (error.code().value() == ENOENT)
            return {};
        throw;
    }
    Settings settings;
    Problems problems;
    plan::TomlValues values{file, problems};
    try
    {
        read_keys(
            settings, values,
            toml::parse(std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                        file));
    }
    catch (const toml::parse_error& error)
    {
        values.problem(error.source(), std::string{error.description()},
                       "mend the TOML: a line is key = value");
    }
    if (problems.empty())
        return settings;
    std::string all;
    for (const Problem& problem : problems)
        all += (all.empty() ? "" : "\n") + to_string(problem);
    throw Error{EINVAL, "{}", all};
}

} // namespace aliasvm::facts
