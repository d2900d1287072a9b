// SPDX-License-Identifier: Apache-2.0
// Assignments and files, and their way back.
#include "daemon/moves/binding_record.hpp"

#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "daemon/files/config_edit.hpp"
#include "daemon/files/replace_file.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aliasvm::daemon
{

namespace
{

/// A binding that differs from what it was: `instance` is what shall be behind the alias.
struct Change
{
    Machine* machine;
    std::string alias;
    std::string instance;
};

std::vector<Change> changes_of(Machines& machines, const Move& move)
{
    std::vector<Change> changes;
    for (const auto& [machine, alias] : machines.wanting(move.instance.name))
    {
        if (machine != move.to.get() || alias != move.alias)
            changes.push_back({machine, alias, ""});
    }
    if (move.to)
        changes.push_back({move.to.get(), move.alias, move.instance.name});
    return changes;
}

/// An entry that says what the file says is none.
void note(Machines& machines, const Change& change)
{
    const std::string& name = change.machine->name.str();
    if (change.machine->configured(change.alias) == change.instance)
        machines.assignments().erase(name, change.alias);
    else
        machines.assignments().set(name, change.alias, change.instance);
}

struct Edit
{
    std::string file;
    std::string before;
    std::string after;
};

std::string text_of(const std::string& file)
{
    const auto bytes = read_file(file);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Edit edit_of(const Change& change)
{
    const std::string& file = change.machine->config_path;
    std::string before = text_of(file);
    std::string after = with_binding(before, file, change.alias, change.instance);
    return {file, std::move(before), std::move(after)};
}

} // namespace

void record(Machines& machines, Move& move)
{
    const Assignments before = machines.assignments();
    for (const Change& change : changes_of(machines, move))
        note(machines, change);
    const auto restore = [&machines, before]
    {
        machines.assignments() = before;
        machines.save_assignments();
    };
    try
    {
        machines.save_assignments();
    }
    catch (...)
    {
        machines.assignments() = before;
        throw;
    }
    move.undo.add("restore the assignments",
                  [restore]() -> boost::asio::awaitable<void>
                  {
                      restore();
                      co_return;
                  });
}

void persist(Machines& machines, Move& move)
{
    if (!move.persistent)
        return;
    // By what is wanted now, as record() has just noted it.
    std::vector<Edit> edits;
    for (const auto& [name, machine] : machines.all())
    {
        if (!machine->config)
            continue;
        for (const plan::AliasConfig& alias : machine->config->aliases)
        {
            const bool gets = machine == move.to && alias.name.value == move.alias;
            const bool loses = !gets && alias.instance.value == move.instance.name;
            if (loses)
                edits.insert(edits.begin(), edit_of({machine.get(), alias.name.value, ""}));
            else if (gets && alias.instance.value != move.instance.name)
                edits.push_back(edit_of({machine.get(), alias.name.value, move.instance.name}));
        }
    }
    const auto written = std::make_shared<std::vector<Edit>>();
    const auto put_back = [&machines, written]
    {
        for (; !written->empty(); written->pop_back())
            replace_file(written->back().file, written->back().before);
        machines.reload();
    };
    move.undo.add("restore the configuration files",
                  [put_back]() -> boost::asio::awaitable<void>
                  {
                      put_back();
                      co_return;
                  });
    for (const Edit& edit : edits)
    {
        replace_file(edit.file, edit.after);
        written->push_back(edit);
    }
    machines.reload();
    // What the files say now needs no entry of its own.
    const Assignments before = machines.assignments();
    for (const Change& change : changes_of(machines, move))
        note(machines, change);
    for (const auto& [name, machine] : machines.all())
    {
        const auto assigned = before.of(name);
        for (const auto& [alias, instance] : assigned)
        {
            if (machine->configured(alias) == instance)
                machines.assignments().erase(name, alias);
        }
    }
    machines.save_assignments();
}

} // namespace aliasvm::daemon
