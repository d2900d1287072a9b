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
    bool force{}; ///< each time that the machine gets it
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
        changes.push_back(
            {move.to.get(), move.alias, move.instance.name, move.force == Force::yes});
    return changes;
}

/// An entry that says what the file says is none.
void note(Machines& machines, const Change& change)
{
    const std::string& name = change.machine->name.str();
    if (!change.force && change.machine->configured(change.alias) == change.instance)
        machines.assignments().erase(name, change.alias);
    else
        machines.assignments().set(name, change.alias, change.instance, change.force);
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

/// All that changes in one file, folded: each change is made in the text that the one before left.
Edit edit_of(const Machine& machine, const Move& move)
{
    const std::string& file = machine.config_path;
    Edit edit{file, text_of(file), {}};
    edit.after = edit.before;
    for (const plan::AliasConfig& alias : machine.config->aliases)
    {
        const std::string& name = alias.name.value;
        const bool gets = &machine == move.to.get() && name == move.alias;
        if (gets || alias.instance.value == move.instance.name)
            edit.after =
                with_binding(edit.after, file, name, gets ? move.instance.name : std::string{});
    }
    return edit;
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
    std::vector<Edit> edits;
    for (const auto& [name, machine] : machines.all())
    {
        if (!machine->config)
            continue;
        Edit edit = edit_of(*machine, move);
        if (edit.after == edit.before)
            continue;
        // Whoever gets it comes last: between two files nobody has it, rather than both.
        edits.insert(machine == move.to ? edits.end() : edits.begin(), std::move(edit));
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
}

void settle(Machines& machines, const Move& move)
{
    if (!move.persistent)
        return;
    const Assignments before = machines.assignments();
    for (const Change& change : changes_of(machines, move))
        note(machines, change);
    for (const auto& [name, machine] : machines.all())
    {
        const auto assigned = before.of(name);
        for (const auto& [alias, instance] : assigned)
        {
            if (machine->configured(alias) == instance && !before.forced(name, alias))
                machines.assignments().erase(name, alias);
        }
    }
    machines.save_assignments();
}

} // namespace aliasvm::daemon
