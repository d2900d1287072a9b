// SPDX-License-Identifier: Apache-2.0
// The file is of the form of assignments; what is asked for goes by instance.
#include "daemon/ownership/given.hpp"

#include <exception>
#include <filesystem>
#include <utility>

#include <spdlog/spdlog.h>

namespace aliasvm::daemon
{

Given::Given(std::string path) : path_{std::move(path)}, unknown_{!std::filesystem::exists(path_)}
{
    const Assignments file = Assignments::load(path_);
    for (const auto& [machine, bindings] : file.all())
    {
        for (const auto& [alias, instance] : bindings)
            holders_.insert_or_assign(instance, Holder{machine, alias});
    }
}

bool Given::to(std::string_view instance, std::string_view machine, std::string_view alias) const
{
    const auto found = holders_.find(instance);
    if (found == holders_.end())
        return unknown_;
    return found->second.machine == machine && found->second.alias == alias;
}

void Given::set(const std::string& instance, const std::string& machine, const std::string& alias)
{
    Holders holders = holders_;
    holders.insert_or_assign(instance, Holder{machine, alias});
    if (holders == holders_)
        return;
    save(holders);
    holders_ = std::move(holders);
}

void Given::erase(std::string_view instance)
{
    const auto found = holders_.find(instance);
    if (found == holders_.end())
        return;
    holders_.erase(found);
    save_or_log();
}

void Given::begin()
{
    unknown_ = false;
    save_or_log();
}

void Given::save(const Holders& holders) const
{
    Assignments file;
    for (const auto& [instance, holder] : holders)
        file.set(holder.machine, holder.alias, instance);
    file.save(path_, "Which machine was given what");
}

void Given::save_or_log() const
{
    try
    {
        save(holders_);
    }
    catch (const std::exception& error)
    {
        spdlog::error("note what machines have: {}", error.what());
    }
}

} // namespace aliasvm::daemon
