// SPDX-License-Identifier: Apache-2.0
// A machine's state out of its unit's and its VMM's.
#include "daemon/ownership/machine.hpp"

#include <algorithm>

namespace aliasvm::daemon
{

const char* to_string(MachineState state)
{
    switch (state)
    {
    case MachineState::inactive:
        return "inactive";
    case MachineState::starting:
        return "starting";
    case MachineState::running:
        return "running";
    case MachineState::paused:
        return "paused";
    case MachineState::stopping:
        return "stopping";
    case MachineState::failed:
        return "failed";
    }
    return "unknown";
}

MachineState Machine::state() const
{
    if (unit.active == "failed")
        return MachineState::failed;
    if (unit.active == "deactivating")
        return MachineState::stopping;
    if (unit.active == "activating" || unit.active == "reloading")
        return MachineState::starting;
    if (unit.active == "active")
    {
        // Up, but not yet (again) connected: to us it is not there.
        if (!vmm)
            return MachineState::starting;
        return paused ? MachineState::paused : MachineState::running;
    }
    return MachineState::inactive;
}

bool Machine::live() const
{
    const MachineState now = state();
    return now == MachineState::running || now == MachineState::paused;
}

const plan::AliasConfig* Machine::alias(std::string_view alias_name) const
{
    if (!config)
        return nullptr;
    const auto found = std::ranges::find(config->aliases, alias_name,
                                         [](const plan::AliasConfig& a) { return a.name.value; });
    return found == config->aliases.end() ? nullptr : &*found;
}

std::string Machine::configured(std::string_view alias_name) const
{
    const plan::AliasConfig* const found = alias(alias_name);
    return found == nullptr ? std::string{} : found->instance.value;
}

} // namespace aliasvm::daemon
