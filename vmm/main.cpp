// SPDX-License-Identifier: Apache-2.0
// aliasvm-vmm: runs one virtual machine, or says what it would be.
#include "vmm/base/error.hpp"
#include "vmm/base/file.hpp"
#include "vmm/base/log.hpp"
#include "vmm/control/console_server.hpp"
#include "vmm/control/gather.hpp"
#include "vmm/control/lifecycle.hpp"
#include "vmm/kvm/open.hpp"
#include "vmm/machine/guest_dtb.hpp"
#include "vmm/machine/machine.hpp"
#include "vmm/plan/catalogue.hpp"
#include "vmm/plan/config.hpp"
#include "vmm/plan/make_plan.hpp"
#include "vmm/plan/print.hpp"
#include "vmm/vfio/open.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

namespace
{

using namespace aliasvm;
using control::ExitStatus;

/// ZynqMP's Cortex-A53; what --check assumes, which does not ask /dev/kvm.
constexpr unsigned a53_ipa_bits = 40;

struct Options
{
    std::string configuration;
    std::string catalogue = ALIASVM_CATALOGUE;
    std::string runtime;
    bool check{};
};

plan::Config read_config(const std::string& file)
{
    const auto name = VmName::from(std::filesystem::path{file}.stem().string());
    if (!name)
        throw Error{EINVAL,
                    "take the VM's name from {}: it must be 1 to {} of a-z, 0-9, - and _, "
                    "beginning with a letter, then .toml",
                    file, VmName::longest};
    const auto bytes = read_file(file);
    return plan::parse_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file,
                              *name);
}

ExitStatus report(const Problems& problems)
{
    for (const Problem& problem : problems)
        spdlog::error("{}", to_string(problem));
    return ExitStatus::configuration;
}

/// The output of one emulated console, and who reads it. The machine's UART speaks to `output` as
/// long as it lives; the server speaks to the UART.
struct Console
{
    std::string alias;
    devices::ConsoleOutput output;
};

std::unique_ptr<control::ConsoleServer> serve(boost::asio::io_context& loop, Console& console,
                                              machine::Machine& machine, const std::string& folder)
{
    const std::string path = fmt::format("{}/{}.sock", folder, console.alias);
    auto server = std::make_unique<control::ConsoleServer>(
        loop, path, console.output, *machine.console(console.alias),
        [alias = console.alias](std::uint64_t bytes)
        {
            spdlog::warn("{}: a reader is too slow for its console and lost {} bytes; further "
                         "losses are only counted",
                         alias, bytes);
        });
    spdlog::info("{}: console at {}", console.alias, path);
    return server;
}

ExitStatus run(const plan::VmPlan& plan, const plan::Catalogue& catalogue, const Options& options,
               kvm::System& system)
{
    boost::asio::io_context loop{1};
    std::deque<Console> consoles;
    const auto open_console = [&](std::string_view alias) -> devices::UartSink&
    { return consoles.emplace_back(std::string{alias}).output; };
    const auto host = vfio::open_host();
    const std::vector<std::byte> dtb =
        plan.dtb.file ? std::vector<std::byte>{} : machine::make_guest_dtb(plan, catalogue);
    machine::Machine machine{system, *host, plan, dtb, open_console};
    std::vector<std::unique_ptr<control::ConsoleServer>> servers;
    for (Console& console : consoles)
        servers.push_back(serve(loop, console, machine, options.runtime));
    control::Lifecycle lifecycle{loop, machine, plan.stop_timeout,
                                 fmt::format("{} vCPU{}, {}", plan.vcpus,
                                             plan.vcpus == 1 ? "" : "s",
                                             plan::bindings_text(plan))};
    loop.run();
    if (const auto reads = machine.bus().unmapped_reads(), writes = machine.bus().unmapped_writes();
        reads + writes != 0)
        spdlog::info("{} reads and {} writes went where nothing is", reads, writes);
    return lifecycle.result();
}

ExitStatus check_or_run(const Options& options)
{
    const plan::Config config = read_config(options.configuration);
    const plan::Catalogue catalogue{read_file(options.catalogue), options.catalogue};
    const auto system = options.check ? nullptr : kvm::open_system();
    const unsigned ipa_bits = system ? system->ipa_bits() : a53_ipa_bits;
    const auto made = plan::make_plan(config, catalogue, control::gather_facts(config, ipa_bits));
    if (const auto* problems = std::get_if<Problems>(&made))
        return report(*problems);

    const auto& plan = std::get<plan::VmPlan>(made);
    const std::string table = plan::plan_text(plan);
    if (options.check)
    {
        std::fputs(table.c_str(), stdout);
        return ExitStatus::success;
    }
    spdlog::info("{}", table);
    return run(plan, catalogue, options, *system);
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
    CLI11_PARSE(app, argc, argv);

    try
    {
        return static_cast<int>(check_or_run(options));
    }
    catch (const std::exception& error)
    {
        spdlog::error("{}", error.what());
        return static_cast<int>(ExitStatus::failure);
    }
}
