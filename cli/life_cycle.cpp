// SPDX-License-Identifier: Apache-2.0
// start, stop, reset, pause, resume.
#include "cli/failure.hpp"
#include "cli/machine_call.hpp"
#include "cli/session.hpp"
#include "common/base/guest_clock.hpp"
#include "common/bus/names.hpp"
#include "common/bus/pause_options.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace aliasvm::cli
{

namespace
{

struct LifeCycleOptions
{
    std::vector<std::string> names;
    bool now{};
    std::string time = bus::time_stands; ///< what becomes of the guest's clock
};

void call_manager(Session& session, const char* member, const std::string& name)
{
    session.client().call(bus::root_path, bus::manager_interface, member, Patience::forever,
                          [&name](bus::Message& message) { message.append("s", name.c_str()); });
}

/// A command that does one act to each VM that is named.
CLI::App* add(CLI::App& app, Session& session, const std::shared_ptr<LifeCycleOptions>& options,
              const char* command, const char* help,
              const std::function<void(const std::string&)>& act)
{
    CLI::App* const added = app.add_subcommand(command, help);
    added->add_option("NAME", options->names, "of the VM, or several")->required();
    added->callback(
        [&session, options, act]
        { session.chosen = [options, act] { return for_each_name(options->names, act); }; });
    return added;
}

} // namespace

void add_life_cycle_commands(CLI::App& app, Session& session)
{
    const auto options = std::make_shared<LifeCycleOptions>();
    add(app, session, options, "start", "start VMs; returns when they run",
        [&session](const std::string& name) { call_manager(session, "StartMachine", name); });
    auto* const stop =
        add(app, session, options, "stop", "tell guests to power off; returns when they are down",
            [&session, options](const std::string& name)
            {
                if (options->now)
                    call_machine(session, name, "PowerOff");
                else
                    call_manager(session, "StopMachine", name);
            });
    stop->add_flag("--now", options->now, "do not ask the guest: take its power away");
    for (const auto& [command, member, help] :
         {std::tuple{"reset", "Reset", "reset VMs, as their button would"},
          std::tuple{"resume", "Resume", "let the vCPUs of paused VMs go on"}})
        add(app, session, options, command, help,
            [&session, call = member](const std::string& name)
            { call_machine(session, name, call); });
    auto* const pause =
        add(app, session, options, "pause", "stop the vCPUs of VMs, until resumed",
            [&session, options](const std::string& name)
            {
                // The plain one is there in every version of the daemon.
                if (options->time == bus::time_stands)
                    call_machine(session, name, "Pause");
                else
                    call_machine(session, name, "PauseWithOptions",
                                 [](bus::Message& call)
                                 { bus::append_pause_options(call, GuestClock::runs); });
            });
    pause
        ->add_option("--time", options->time,
                     "the guest's clock stands, as it does unless given, or runs")
        ->check(CLI::IsMember({bus::time_stands, bus::time_runs}));
}

} // namespace aliasvm::cli
