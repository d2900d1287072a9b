// SPDX-License-Identifier: Apache-2.0
// aliasvmd: owner of the physical devices, face of aliasvm on D-Bus.
#include "common/base/log.hpp"
#include "daemon/daemon.hpp"

#include <exception>

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

int main(int argc, char** argv)
{
    using namespace aliasvm;
    set_up_log("aliasvmd");
    daemon::DaemonOptions options{.catalogue = ALIASVM_CATALOGUE};
    CLI::App app{"Gives physical devices to virtual machines; started by systemd"};
    app.add_option("--catalogue", options.catalogue, "compiled device tree of the SoC's devices");
    app.add_option("--configuration", options.configuration_folder, "folder of NAME.toml");
    app.add_option("--runtime", options.runtime_folder, "folder for what lasts until reboot");
    CLI11_PARSE(app, argc, argv);
    try
    {
        daemon::FaultPoints none;
        return daemon::run_daemon(options, none);
    }
    catch (const std::exception& error)
    {
        spdlog::error("{}", error.what());
        return 1;
    }
}
