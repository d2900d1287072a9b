// SPDX-License-Identifier: Apache-2.0
// From a folder of TOML files to machines, and what stands behind their aliases.
#include "daemon/ownership/machines.hpp"

#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "common/facts/host_traits.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>
#include <variant>

namespace aliasvm::daemon
{

namespace fs = std::filesystem;
using bus::NamedError;

namespace
{

/// The daemon's own configuration lies in the same folder.
constexpr std::string_view own_file = "aliasvmd";

plan::Config read_config(const std::string& file, const VmName& name)
{
    try
    {
        const auto bytes = read_file(file);
        return plan::parse_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file,
                                  name);
    }
    catch (const Error& error)
    {
        plan::Config config{name, file};
        Problem unreadable;
        unreadable.at.file = file;
        unreadable.what = error.what();
        unreadable.mend = "make it a readable file";
        config.problems.push_back(std::move(unreadable));
        return config;
    }
}

/// Nothing if there is no such file.
std::optional<FileStamp> stamp_of(const std::string& file)
{
    struct stat status
    {
    };
    if (::stat(file.c_str(), &status) != 0)
        return std::nullopt;
    constexpr std::int64_t second = 1'000'000'000;
    return FileStamp{status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec * second + status.st_mtim.tv_nsec};
}

std::vector<VmName> configured_names(const std::string& folder)
{
    std::vector<VmName> names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{folder, none})
    {
        if (entry.path().extension() != ".toml" || entry.path().stem() == own_file)
            continue;
        if (auto name = VmName::from(entry.path().stem().string()))
            names.push_back(std::move(*name));
    }
    return names;
}

} // namespace

Machines::Machines(boost::asio::io_context& io, const plan::Catalogue& catalogue,
                   std::string folder, std::string assignments_file)
    : catalogue_{catalogue}, host_{facts::host_traits(catalogue)}, folder_{std::move(folder)},
      assignments_file_{std::move(assignments_file)},
      assignments_{Assignments::load(assignments_file_)}, condition_{io}
{
    reload();
}

void Machines::reload()
{
    std::set<std::string> named;
    for (const VmName& name : configured_names(folder_))
    {
        named.insert(name.str());
        read(add(name));
    }
    std::vector<std::string> gone;
    for (const auto& [name, machine] : machines_)
    {
        if (named.contains(name))
            continue;
        machine->config.reset();
        machine->config_stamp.reset();
        gone.push_back(name);
    }
    for (const std::string& name : gone)
        drop_if_unused(name);
}

void Machines::refresh(const VmName& name)
{
    const auto stamp = name.str() == own_file ? std::nullopt : stamp_of(file_of(name));
    if (!stamp)
        return;
    Machine& machine = add(name);
    if (stamp != machine.config_stamp)
        read(machine);
}

void Machines::read(Machine& machine)
{
    // Before the file is read: one that changes meanwhile is read again.
    machine.config_stamp = stamp_of(machine.config_path);
    machine.config = read_config(machine.config_path, machine.name);
    tell(Event::What::changed, machine);
}

std::string Machines::file_of(const VmName& name) const
{
    return fmt::format("{}/{}.toml", folder_, name.str());
}

Machine* Machines::find(std::string_view name)
{
    const auto found = machines_.find(name);
    return found == machines_.end() ? nullptr : found->second.get();
}

Machine& Machines::require(std::string_view name)
{
    if (const auto valid = VmName::from(std::string{name}))
        refresh(*valid);
    if (Machine* const machine = find(name))
        return *machine;
    throw NamedError{bus::error_name::no_such_machine,
                     "no machine {}: it would be configured in {}/{}.toml", name, folder_, name};
}

Machine& Machines::of_unit(const VmName& name)
{
    return add(name);
}

Machine& Machines::add(const VmName& name)
{
    if (Machine* const known = find(name.str()))
        return *known;
    auto machine = std::make_shared<Machine>(name, file_of(name));
    Machine& added = *machines_.emplace(name.str(), std::move(machine)).first->second;
    tell(Event::What::added, added);
    return added;
}

void Machines::drop_if_unused(const std::string& name)
{
    const auto found = machines_.find(name);
    if (found == machines_.end() || found->second->config || found->second->vmm ||
        !found->second->unit.down())
        return;
    const auto machine = found->second;
    machines_.erase(found);
    tell(Event::What::removed, *machine);
}

std::string Machines::wanted(const Machine& machine, std::string_view alias) const
{
    if (const auto assigned = assignments_.find(machine.name.str(), alias))
        return *assigned;
    return machine.configured(alias);
}

bool Machines::emulated(const Machine& machine, std::string_view alias) const
{
    const std::string there = wanted(machine, alias);
    return !there.empty() && catalogue_.find(there) == nullptr;
}

std::vector<std::pair<Machine*, std::string>> Machines::wanting(std::string_view instance)
{
    std::vector<std::pair<Machine*, std::string>> found;
    for (const auto& [name, machine] : machines_)
    {
        if (!machine->config)
            continue;
        for (const plan::AliasConfig& alias : machine->config->aliases)
        {
            if (wanted(*machine, alias.name.value) == instance)
                found.emplace_back(machine.get(), alias.name.value);
        }
    }
    return found;
}

plan::AliasPlan Machines::plan(const Machine& machine, std::string_view alias,
                               std::string_view instance) const
{
    const plan::AliasConfig* const configured = machine.alias(alias);
    if (configured == nullptr)
        throw NamedError{bus::error_name::no_such_alias,
                         "machine {} has no alias {}: its file names what it was built for, {}",
                         machine.name.str(), alias, machine.config_path};
    auto planned = plan::plan_alias(*machine.config, catalogue_, host_, *configured, instance);
    if (const auto* const problems = std::get_if<Problems>(&planned))
        throw NamedError{bus::error_name::alias_mismatch, "{}; {}", problems->front().what,
                         problems->front().mend};
    return std::get<plan::AliasPlan>(std::move(planned));
}

void Machines::changed(const Machine& machine)
{
    const std::string name = machine.name.str();
    tell(Event::What::changed, machine);
    drop_if_unused(name);
}

void Machines::tell(Event::What what, const Machine& machine)
{
    if (on_event_)
        on_event_({what, machine});
    condition_.notify_all();
}

} // namespace aliasvm::daemon
