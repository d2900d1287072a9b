// SPDX-License-Identifier: Apache-2.0
// aliasvm: the command line of aliasvmd.
#include "cli/failure.hpp"
#include "cli/session.hpp"

#include <cerrno>
#include <cstdio>
#include <exception>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace
{

using namespace aliasvm::cli;

ExitCode run(int argc, char** argv)
{
    Session session;
    session.catalogue = ALIASVM_CATALOGUE;
    CLI::App app{"Runs VMs of a Zynq UltraScale+ with aliased devices, by way of aliasvmd",
                 "aliasvm"};
    app.set_version_flag("--version", "aliasvm " ALIASVM_VERSION);
    app.require_subcommand(1);
    app.fallthrough();
    // For tests and other odd cases: not in --help.
    app.add_option("--bus", session.bus_address)->group("")->take_last();
    app.add_option("--catalogue", session.catalogue)->group("")->take_last();
    app.add_option("--configurations", session.configurations)->group("")->take_last();

    add_list_commands(app, session);
    add_life_cycle_commands(app, session);
    add_assign_commands(app, session);
    add_console_command(app, session);
    add_map_command(app, session);
    add_check_command(app, session);
    add_top_command(app, session);
    add_dump_command(app, session);
    add_doctor_command(app, session);
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        if (error.get_exit_code() == 0)
        {
            app.exit(error); // --help, --version
            return ExitCode::success;
        }
        complain(fmt::format("{}; \"aliasvm --help\" shows how", error.what()));
        return ExitCode::usage;
    }
    return session.chosen();
}

/// What was printed is lost if stdout is a full disk: that is a failure, whatever went well before.
ExitCode flushed(ExitCode code)
{
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)
        return code;
    complain(fmt::format("write to stdout: {}", std::generic_category().message(errno)));
    return code == ExitCode::success ? ExitCode::failure : code;
}

} // namespace

int main(int argc, char** argv)
{
    try
    {
        return static_cast<int>(flushed(run(argc, argv)));
    }
    catch (...)
    {
        const ExitCode code = report_current_exception();
        return static_cast<int>(flushed(code));
    }
}
