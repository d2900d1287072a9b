// SPDX-License-Identifier: Apache-2.0
// console: a VM's emulated UART on this terminal.
#include "cli/failure.hpp"
#include "cli/machine_call.hpp"
#include "cli/pump.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

struct ConsoleOptions
{
    std::string machine;
    std::string escape = "^]";
};

ExitCode console(Session& session, const ConsoleOptions& options)
{
    const bool terminal = ::isatty(STDIN_FILENO) == 1;
    // In a pipe every byte is for the guest.
    const auto escape = terminal ? parse_escape(options.escape) : std::nullopt;
    bus::Message reply = call_machine(session, options.machine, "OpenConsole");
    const UniqueFd console = reply.read_fd();
    if (terminal)
        fmt::print(stderr, "aliasvm: console of {}{}\n", options.machine,
                   escape ? fmt::format("; {} leaves", options.escape) : "");
    std::signal(SIGPIPE, SIG_IGN); // the guest may go while we write: EPIPE says so
    PumpEnd end{};
    {
        const RawTerminal raw;
        end = pump({STDIN_FILENO, STDOUT_FILENO, console.get()}, escape, !terminal);
    }
    if (terminal)
        fmt::print(stderr, "\naliasvm: {}\n",
                   end == PumpEnd::escape ? "left the console"
                                          : fmt::format("{} closed the console", options.machine));
    return ExitCode::success;
}

} // namespace

void add_console_command(CLI::App& app, Session& session)
{
    const auto options = std::make_shared<ConsoleOptions>();
    auto* const command =
        app.add_subcommand("console", "connect this terminal to a VM's emulated UART");
    command->add_option("NAME", options->machine, "of the VM")->required();
    command->add_option("--escape", options->escape,
                        "the key that leaves: ^] unless given, ^ and a letter, or none");
    command->callback(
        [&session, options]
        { session.chosen = [&session, options] { return console(session, *options); }; });
}

} // namespace aliasvm::cli
