// SPDX-License-Identifier: Apache-2.0
// One function for each form of value; each says in its own words what it expected.
#include "common/plan/toml_values.hpp"

#include "common/plan/units.hpp"

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

const char* type_name(const toml::node& node)
{
    switch (node.type())
    {
    case toml::node_type::table:
        return "a table";
    case toml::node_type::array:
        return "an array";
    case toml::node_type::string:
        return "a text";
    case toml::node_type::integer:
        return "an integer";
    case toml::node_type::floating_point:
        return "a number with a fraction";
    case toml::node_type::boolean:
        return "true or false";
    default:
        return "a date or time";
    }
}

} // namespace

SourcePosition TomlValues::at(const toml::source_region& region) const
{
    return {file_, region.begin.line, region.begin.column};
}

void TomlValues::problem(const toml::source_region& region, std::string what, std::string mend)
{
    problems_->push_back({at(region), std::move(what), std::move(mend)});
}

std::optional<Located<std::string>> TomlValues::text(const std::string& key, const toml::node& node,
                                                     const std::string& mend)
{
    if (const auto* value = node.as_string())
        return Located<std::string>{value->get(), at(node.source())};
    wrong_type(key, node, "a text", mend);
    return std::nullopt;
}

std::optional<Located<std::int64_t>>
TomlValues::integer(const std::string& key, const toml::node& node, const std::string& mend)
{
    if (const auto* value = node.as_integer())
        return Located<std::int64_t>{value->get(), at(node.source())};
    wrong_type(key, node, "an integer", mend);
    return std::nullopt;
}

std::optional<Located<bool>> TomlValues::boolean(const std::string& key, const toml::node& node,
                                                 const std::string& mend)
{
    if (const auto* value = node.as_boolean())
        return Located<bool>{value->get(), at(node.source())};
    wrong_type(key, node, "true or false", mend);
    return std::nullopt;
}

std::optional<Located<std::uint64_t>>
TomlValues::address(const std::string& key, const toml::node& node, const std::string& mend)
{
    const auto number = integer(key, node, mend);
    if (!number)
        return std::nullopt;
    if (number->value < 0)
    {
        problem(node.source(), fmt::format("{} is negative", key), mend);
        return std::nullopt;
    }
    return Located<std::uint64_t>{static_cast<std::uint64_t>(number->value), number->at};
}

std::optional<Located<std::uint64_t>> TomlValues::size(const std::string& key,
                                                       const toml::node& node)
{
    const std::string mend = fmt::format("write {} = \"128M\" (K, M and G are powers of 1024) or a "
                                         "number of bytes",
                                         key);
    if (node.is_integer())
        return address(key, node, mend);
    const auto words = text(key, node, mend);
    if (!words)
        return std::nullopt;
    const auto bytes = parse_size(words->value);
    if (!bytes)
    {
        problem(node.source(), fmt::format("{} \"{}\" is not a size", key, words->value), mend);
        return std::nullopt;
    }
    return Located<std::uint64_t>{*bytes, words->at};
}

std::optional<Located<std::string>> TomlValues::path(const std::string& key, const toml::node& node)
{
    const std::string mend =
        fmt::format("write the absolute path of the file in double quotes, {} = \"/…\"", key);
    auto words = text(key, node, mend);
    if (words && (!words->value.starts_with('/') || words->value.find('\0') != std::string::npos))
    {
        problem(node.source(), fmt::format("{} \"{}\" is not an absolute path", key, words->value),
                mend);
        return std::nullopt;
    }
    return words;
}

std::optional<std::vector<Located<std::uint64_t>>>
TomlValues::numbers(const std::string& key, const toml::node& node, const std::string& mend)
{
    const auto* array = node.as_array();
    if (array == nullptr)
    {
        wrong_type(key, node, "an array", mend);
        return std::nullopt;
    }
    std::vector<Located<std::uint64_t>> all;
    bool complete = true;
    for (const toml::node& element : *array)
    {
        const auto number = address(fmt::format("an element of {}", key), element, mend);
        complete = complete && number.has_value();
        if (number)
            all.push_back(*number);
    }
    return complete ? std::optional{std::move(all)} : std::nullopt;
}

void TomlValues::wrong_type(const std::string& key, const toml::node& node, const char* expected,
                            const std::string& mend)
{
    problem(node.source(), fmt::format("{} is {}, not {}", key, type_name(node), expected), mend);
}

} // namespace aliasvm::plan
