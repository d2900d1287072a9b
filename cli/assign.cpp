// SPDX-License-Identifier: Apache-2.0
// assign and release: which instance is behind which alias.
#include "cli/model.hpp"
#include "cli/session.hpp"
#include "common/bus/names.hpp"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace aliasvm::cli
{

namespace
{

struct AssignOptions
{
    std::string device;
    std::string machine;
    std::string alias;
    bool persistent{};
    bool force{};
};

/// a{sv}, with what is asked for only: an older daemon refuses what it does not know.
void append_options(bus::Message& message, const AssignOptions& options)
{
    message.open('a', "{sv}");
    if (options.persistent)
        message.append("{sv}", "persistent", "b", 1);
    if (options.force)
        message.append("{sv}", "force", "b", 1);
    message.close();
}

ExitCode call_device(Session& session, const AssignOptions& options, const char* member,
                     const Client::Fill& fill)
{
    // By its name in sysfs too, which is why the inventory is asked first.
    const std::string name = read_inventory(session.client()).device(options.device).name;
    session.client().call(bus::device_path(name), bus::device_interface, member, Patience::forever,
                          fill);
    return ExitCode::success;
}

ExitCode assign(Session& session, const AssignOptions& options)
{
    return call_device(session, options, "Assign",
                       [&options](bus::Message& message)
                       {
                           message.append("ss", options.machine.c_str(), options.alias.c_str());
                           append_options(message, options);
                       });
}

ExitCode release(Session& session, const AssignOptions& options)
{
    return call_device(session, options, "Release",
                       [&options](bus::Message& message) { append_options(message, options); });
}

} // namespace

void add_assign_commands(CLI::App& app, Session& session)
{
    const auto options = std::make_shared<AssignOptions>();
    auto* const assign_command = app.add_subcommand(
        "assign", "put a device behind an alias of a VM, out of any other VM that has it");
    auto* const release_command = app.add_subcommand("release", "take a device out of its VM");
    for (auto* const command : {assign_command, release_command})
    {
        command->add_option("DEVICE", options->device, "as in \"aliasvm devices\"")->required();
        command->add_flag("--persistent", options->persistent,
                          "write it to the configuration files, too");
    }
    assign_command->add_option("MACHINE", options->machine, "the VM that gets it")->required();
    assign_command->add_option("ALIAS", options->alias, "what it is to the guest, uart0")
        ->required();
    assign_command->add_flag("--force", options->force, "take it from a driver of the host");
    assign_command->callback(
        [&session, options]
        { session.chosen = [&session, options] { return assign(session, *options); }; });
    release_command->callback(
        [&session, options]
        { session.chosen = [&session, options] { return release(session, *options); }; });
}

} // namespace aliasvm::cli
