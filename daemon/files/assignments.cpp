// SPDX-License-Identifier: Apache-2.0
// One table a machine, one key an alias.
#include "daemon/files/assignments.hpp"

#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "daemon/files/replace_file.hpp"
#include "daemon/files/toml_text.hpp"

#include <cerrno>
#include <filesystem>

#include <toml++/toml.h>

namespace aliasvm::daemon
{

namespace
{

[[noreturn]] void damaged(const std::string& path, const toml::source_region& at,
                          std::string_view what)
{
    throw Error{EINVAL,
                "read {}:{}:{}: {}; delete the file, and the bindings of the configuration files "
                "hold again",
                path,
                at.begin.line,
                at.begin.column,
                what};
}

toml::table parse(const std::string& path)
{
    const auto bytes = read_file(path);
    try
    {
        return toml::parse(
            std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
    }
    catch (const toml::parse_error& error)
    {
        damaged(path, error.source(), error.description());
    }
}

} // namespace

Assignments Assignments::load(const std::string& path)
{
    Assignments assignments;
    if (!std::filesystem::exists(path))
        return assignments;
    const toml::table file = parse(path);
    for (const auto& [machine, aliases] : file)
    {
        if (!aliases.is_table())
            damaged(path, aliases.source(), "a key that is in no machine's table");
        for (const auto& [alias, entry] : *aliases.as_table())
        {
            const toml::table* const with_force = entry.as_table();
            const toml::node* const instance =
                with_force == nullptr ? &entry : with_force->get("instance");
            if (instance == nullptr || !instance->is_string())
                damaged(path, entry.source(), "an instance that is no text");
            assignments.set(machine.str(), alias.str(), instance->as_string()->get(),
                            with_force != nullptr && (*with_force)["force"].value_or(false));
        }
    }
    return assignments;
}

void Assignments::save(const std::string& path, std::string_view about) const
{
    std::string text = fmt::format("# {}. Written by aliasvmd.\n", about);
    for (const auto& [machine, bindings] : machines_)
    {
        text += fmt::format("\n[{}]\n", toml_key(machine));
        for (const auto& [alias, instance] : bindings)
        {
            const std::string value = toml_string(instance);
            text += fmt::format("{} = {}\n", toml_key(alias),
                                forced(machine, alias)
                                    ? fmt::format("{{ instance = {}, force = true }}", value)
                                    : value);
        }
    }
    replace_file(path, text);
}

std::optional<std::string> Assignments::find(std::string_view machine, std::string_view alias) const
{
    const Bindings& bindings = of(machine);
    const auto found = bindings.find(alias);
    if (found == bindings.end())
        return std::nullopt;
    return found->second;
}

bool Assignments::forced(std::string_view machine, std::string_view alias) const
{
    return forced_.contains({std::string{machine}, std::string{alias}});
}

void Assignments::set(std::string_view machine, std::string_view alias, std::string_view instance,
                      bool force)
{
    machines_[std::string{machine}].insert_or_assign(std::string{alias}, std::string{instance});
    std::pair binding{std::string{machine}, std::string{alias}};
    if (force)
        forced_.insert(std::move(binding));
    else
        forced_.erase(binding);
}

void Assignments::erase(std::string_view machine, std::string_view alias)
{
    forced_.erase({std::string{machine}, std::string{alias}});
    const auto bindings = machines_.find(machine);
    if (bindings == machines_.end())
        return;
    if (const auto found = bindings->second.find(alias); found != bindings->second.end())
        bindings->second.erase(found);
    if (bindings->second.empty())
        machines_.erase(bindings);
}

const Assignments::Bindings& Assignments::of(std::string_view machine) const
{
    static const Bindings none;
    const auto found = machines_.find(machine);
    return found == machines_.end() ? none : found->second;
}

} // namespace aliasvm::daemon
