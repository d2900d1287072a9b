// SPDX-License-Identifier: Apache-2.0
// Aliases in their short form, and in the long form with its keys.
#include "common/plan/alias_config.hpp"

#include "common/plan/nearest.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

constexpr std::uint64_t highest_phy = 31; // MDIO has five bits for it

// Each of these is false if there is a problem.

bool read_instance(AliasConfig& alias, TomlValues& values, const toml::node& node)
{
    auto instance =
        values.text("instance", node, "write the name of one, as in instance = \"uart1\"");
    if (instance)
        alias.instance = std::move(*instance);
    return instance.has_value();
}

bool read_address(AliasConfig& alias, TomlValues& values, const toml::node& node)
{
    alias.address =
        values.address("address", node, "write a guest-physical address, address = 0xff000000");
    return alias.address.has_value();
}

bool read_spis(AliasConfig& alias, TomlValues& values, const toml::node& node)
{
    alias.spis =
        values.numbers("spis", node, "write the SPI numbers as in a device tree, spis = [21]");
    return alias.spis.has_value();
}

bool read_mac(AliasConfig& alias, TomlValues& values, const toml::node& node)
{
    const std::string mend = "write six octets of one interface, mac = \"02:00:00:00:00:01\"";
    const auto text = values.text("mac", node, mend);
    if (!text)
        return false;
    const auto mac = parse_mac(text->value);
    const char* wrong = nullptr;
    if (!mac)
        wrong = "no MAC address";
    else if (mac->multicast())
        wrong = "the address of a group, as its first octet is odd";
    else if (*mac == MacAddress{})
        wrong = "nobody's address";
    if (wrong != nullptr)
    {
        values.problem(node.source(), fmt::format("mac \"{}\" is {}", text->value, wrong), mend);
        return false;
    }
    alias.mac = {*mac, text->at};
    return true;
}

bool read_phy(AliasConfig& alias, TomlValues& values, const toml::node& node)
{
    const std::string mend = "write the PHY's address on the MDIO bus, phy = 12";
    const auto number = values.address("phy", node, mend);
    if (!number)
        return false;
    if (number->value > highest_phy)
    {
        values.problem(node.source(),
                       fmt::format("phy {} is not within 0 and {}", number->value, highest_phy),
                       mend);
        return false;
    }
    alias.phy = {static_cast<std::uint32_t>(number->value), number->at};
    return true;
}

struct AliasKey
{
    const char* name;
    bool (*read)(AliasConfig&, TomlValues&, const toml::node&);
};

constexpr std::array alias_keys{
    AliasKey{"instance", read_instance}, AliasKey{"address", read_address},
    AliasKey{"spis", read_spis},         AliasKey{"mac", read_mac},
    AliasKey{"phy", read_phy},
};

void unknown_key(const AliasConfig& alias, TomlValues& values, const toml::key& key)
{
    std::vector<std::string> known;
    for (const AliasKey& one : alias_keys)
        known.emplace_back(one.name);
    values.problem(key.source(),
                   fmt::format("unknown key \"{}\" of alias {}", key.str(), alias.name.value),
                   suggest(key.str(), known));
}

/// [alias.NAME]. False if there is a problem.
bool read_long_form(AliasConfig& alias, TomlValues& values, const toml::table& table)
{
    bool good = true;
    for (const auto& [key, node] : table)
    {
        const auto* const known = std::ranges::find(alias_keys, key.str(), &AliasKey::name);
        if (known != alias_keys.end())
        {
            good = known->read(alias, values, node) && good;
            continue;
        }
        unknown_key(alias, values, key);
        good = false;
    }
    if (good && !table.contains("instance"))
    {
        values.problem(table.source(), fmt::format("alias {} has no instance", alias.name.value),
                       "add the key instance, or write instance = \"\" for nothing yet");
        good = false;
    }
    return good;
}

bool read_short_form(AliasConfig& alias, TomlValues& values, const toml::node& node)
{
    const std::string& name = alias.name.value;
    auto instance =
        values.text(fmt::format("alias {}", name), node,
                    fmt::format("write {} = \"uart1\", or a table [alias.{}]", name, name));
    if (instance)
        alias.instance = std::move(*instance);
    return instance.has_value();
}

} // namespace

void read_alias_table(Config& config, TomlValues& values, const toml::node& node,
                      bool (*is_top_key)(std::string_view))
{
    const toml::table* const table = node.as_table();
    if (table == nullptr)
    {
        values.problem(node.source(), "alias is not a table",
                       "write [alias] on a line of its own and uart0 = \"uart1\" below it");
        return;
    }
    for (const auto& [key, value] : *table)
    {
        if (is_top_key(key.str()))
        {
            values.problem(key.source(), fmt::format("{} stands below [alias]", key.str()),
                           "move it to the top of the file, above all tables");
            continue;
        }
        AliasConfig alias;
        alias.name = {std::string{key.str()}, values.at(key.source())};
        const toml::table* const long_form = value.as_table();
        if (long_form != nullptr ? read_long_form(alias, values, *long_form)
                                 : read_short_form(alias, values, value))
            config.aliases.push_back(std::move(alias));
    }
    // toml++ sorts by name; people think in the order they wrote.
    std::ranges::sort(config.aliases, {},
                      [](const AliasConfig& alias) {
                          return std::pair{alias.name.at.line, alias.name.at.column};
                      });
}

} // namespace aliasvm::plan
