// SPDX-License-Identifier: Apache-2.0
// Session: one run of aliasvm, and what all its commands are given.
#pragma once

#include "cli/client.hpp"
#include "cli/exit_code.hpp"

#include <functional>
#include <optional>
#include <string>

namespace CLI
{
class App;
}

namespace aliasvm::cli
{

struct Session
{
    std::string bus_address;                     ///< empty for the system bus
    std::string catalogue;                       ///< compiled device tree of the SoC
    std::string configurations = "/etc/aliasvm"; ///< the folder of NAME.toml
    std::function<ExitCode()> chosen;            ///< the command, once the line was parsed

    /// Connected when it is first asked for. Throws Unreachable.
    [[nodiscard]] Client& client()
    {
        if (!client_)
            client_.emplace(bus_address);
        return *client_;
    }

private:
    std::optional<Client> client_;
};

/// Each adds its commands, which set Session::chosen. `session` outlives what is chosen.
void add_list_commands(CLI::App& app, Session& session);       ///< list, devices
void add_life_cycle_commands(CLI::App& app, Session& session); ///< start, stop, reset, …
void add_assign_commands(CLI::App& app, Session& session);     ///< assign, release
void add_console_command(CLI::App& app, Session& session);
void add_check_command(CLI::App& app, Session& session);
void add_map_command(CLI::App& app, Session& session);
void add_dump_command(CLI::App& app, Session& session);
void add_top_command(CLI::App& app, Session& session);
void add_doctor_command(CLI::App& app, Session& session);

} // namespace aliasvm::cli
