// SPDX-License-Identifier: Apache-2.0
// aliasvm-vmm: runs one virtual machine, or says what it would be.
#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/base/log.hpp"
#include "common/bus/names.hpp"
#include "common/facts/assumed_cpu.hpp"
#include "common/facts/gather.hpp"
#include "common/kvm/open.hpp"
#include "common/plan/catalogue.hpp"
#include "common/plan/config.hpp"
#include "common/plan/make_plan.hpp"
#include "common/plan/print.hpp"
#include "common/vfio/handed_host.hpp"
#include "vmm/control/broker_calls.hpp"
#include "vmm/control/seccomp.hpp"
#include "vmm/control/session.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

namespace
{

using namespace aliasvm;
using control::ExitStatus;

struct Options
{
    std::string configuration;
    std::string catalogue = ALIASVM_CATALOGUE;
    std::string runtime;
    std::string broker = bus::broker_socket;
    bool check{};
};

plan::Config read_config(const std::string& file)
{
    const auto name = VmName::from(std::filesystem::path{file}.stem().string());
    if (!name)
        throw control::Refusal{
            ExitStatus::configuration,
            fmt::format("take the VM's name from {}: it must be 1 to {} of a-z, 0-9, - and _, "
                        "beginning with a letter, then .toml",
                        file, VmName::longest)};
    try
    {
        const auto bytes = read_file(file);
        return plan::parse_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file,
                                  *name);
    }
    catch (const Error& error)
    {
        throw control::Refusal{
            ExitStatus::configuration,
            fmt::format("{}; make it a file that the VM's user may read: chmod o+r {}",
                        error.what(), file)};
    }
}

ExitStatus check(const plan::Config& config, const plan::Catalogue& catalogue)
{
    const auto made =
        plan::make_plan(config, catalogue, facts::gather(config, catalogue, facts::assumed_cpu()));
    if (const auto* problems = std::get_if<Problems>(&made))
    {
        for (const Problem& problem : *problems)
            spdlog::error("{}", to_string(problem));
        return ExitStatus::configuration;
    }
    const auto& plan = std::get<plan::VmPlan>(made);
    for (const Problem& warning : plan.warnings)
        spdlog::warn("{}", to_string(warning));
    std::fputs(plan::plan_text(plan).c_str(), stdout);
    return ExitStatus::success;
}

ExitStatus check_or_run(const Options& options)
{
    plan::Config config = read_config(options.configuration);
    const plan::Catalogue catalogue{read_file(options.catalogue), options.catalogue};
    if (options.check)
        return check(config, catalogue);

    const auto system = kvm::open_system();
    vfio::HandedHost host;
    control::Outside outside{*system,
                             {host, [&host](std::string name, std::vector<UniqueFd> descriptors)
                              { host.hand_in(std::move(name), std::move(descriptors)); }},
                             [&options] { return control::connect_to_broker(options.broker); },
                             options.runtime,
                             control::confine};
    boost::asio::io_context loop{1};
    return control::run_session(loop, std::move(config), catalogue, outside);
}

} // namespace

int main(int argc, char** argv)
{
    set_up_log("aliasvm-vmm");
    Options options;
    if (const char* const runtime = std::getenv("RUNTIME_DIRECTORY"))
        options.runtime = runtime;
    else
        options.runtime = ".";
    CLI::App app{"Runs one virtual machine of a Zynq UltraScale+ with aliased devices"};
    app.add_option("configuration", options.configuration, "NAME.toml of the VM")->required();
    app.add_flag("--check", options.check, "print the plan, or every problem; open no device");
    app.add_option("--catalogue", options.catalogue, "compiled device tree of the SoC's devices");
    app.add_option("--runtime", options.runtime, "folder for console sockets");
    app.add_option("--broker", options.broker, "socket of aliasvmd");
    CLI11_PARSE(app, argc, argv);

    try
    {
        return static_cast<int>(check_or_run(options));
    }
    catch (const control::Refusal& refusal)
    {
        spdlog::error("{}", refusal.what());
        return static_cast<int>(refusal.status());
    }
    catch (const std::exception& error)
    {
        spdlog::error("{}", error.what());
        return static_cast<int>(ExitStatus::failure);
    }
}
