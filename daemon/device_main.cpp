// SPDX-License-Identifier: Apache-2.0
// aliasvm-device: gives the instances of one VM to vfio-platform, and takes them back at rest.
//
//     aliasvm-device bind CONFIGURATION BOUND    binds; writes what it bound to the file BOUND
//     aliasvm-device quiesce BOUND               brings them to rest after their VM
//     aliasvm-device release BOUND               gives them back
//
// Called by aliasvm-devices@.service and vm@.service, as root. An instance that some other VM has
// open is left alone.
#include "daemon/binding.hpp"
#include "daemon/quiesce.hpp"
#include "vmm/base/error.hpp"
#include "vmm/base/file.hpp"
#include "vmm/base/log.hpp"
#include "vmm/plan/catalogue.hpp"
#include "vmm/plan/config.hpp"
#include "vmm/vfio/open.hpp"

#include <cerrno>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

namespace
{

using namespace aliasvm;

plan::Catalogue load_catalogue(const std::string& path)
{
    return plan::Catalogue{read_file(path), path};
}

/// The catalogue's instances that a configuration names. What is wrong with the configuration is
/// for aliasvm-vmm to say, once: it starts next, and tells all problems together.
std::vector<const plan::Instance*> named_instances(const std::string& file,
                                                   const plan::Catalogue& catalogue)
{
    const auto name = VmName::from(std::filesystem::path{file}.stem().string());
    if (!name)
        return {};
    const auto bytes = read_file(file);
    const auto config = plan::parse_config(
        {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file, *name);
    std::vector<const plan::Instance*> found;
    for (const plan::AliasConfig& alias : config.aliases)
    {
        if (const auto* instance = catalogue.find(alias.instance.value))
            found.push_back(instance);
    }
    return found;
}

/// A device that is open, and what keeps it so.
struct Opened
{
    std::unique_ptr<vfio::Host> host = vfio::open_host();
    std::unique_ptr<vfio::PlatformDevice> device;
};

/// Nothing if another VM has it: opening is exclusive.
std::optional<Opened> open_if_free(const plan::Instance& instance)
{
    Opened opened;
    try
    {
        opened.device = opened.host->open(instance.sysname, instance.dma());
        return opened;
    }
    catch (const Error& error)
    {
        if (error.code().value() != EBUSY)
            throw;
        spdlog::info("{} ({}) is in use by another VM: left alone", instance.name,
                     instance.sysname);
        return std::nullopt;
    }
}

void quiesce(const plan::Instance& instance)
{
    const auto opened = open_if_free(instance);
    if (!opened)
        return;
    const Mapping window = opened->device->map({0});
    daemon::MappedRegisters registers{window};
    switch (daemon::bring_to_rest(instance.compatible.front(), registers))
    {
    case daemon::Rest::at_rest:
        break;
    case daemon::Rest::still_busy:
        throw Error{ETIMEDOUT, "bring {} ({}) to rest", instance.name, instance.sysname};
    case daemon::Rest::no_sequence:
        spdlog::warn("{} ({}): no quiesce sequence for {}; left as its VM left it", instance.name,
                     instance.sysname, instance.compatible.front());
        break;
    }
}

/// Quiesced it is already, when its VM ended: doing it again would lose what has come in since.
void release(const plan::Instance& instance)
{
    const daemon::Binding binding{instance.sysname};
    // Unbinding a device that is open would wait until it is closed.
    if (binding.bound() && !open_if_free(instance))
        return;
    binding.release();
}

void bind_all(const std::string& config, const std::string& bound, const plan::Catalogue& catalogue)
{
    // Written first: if binding stops half-way, release still knows of all that may be bound.
    std::ofstream list{bound, std::ios::trunc};
    const auto instances = named_instances(config, catalogue);
    for (const plan::Instance* instance : instances)
        list << instance->name << '\n';
    if (!list.flush())
        throw Error{errno, "write {}", bound};
    for (const plan::Instance* instance : instances)
    {
        daemon::Binding{instance->sysname}.bind();
        spdlog::info("{} ({}) is bound", instance->name, instance->sysname);
    }
}

/// Does it for every instance in the list, whatever happens to the others. False if one failed.
bool for_each_bound(const std::string& bound, const plan::Catalogue& catalogue, auto act)
{
    std::ifstream list{bound};
    bool all_well = true;
    for (std::string name; std::getline(list, name);)
    {
        const plan::Instance* const instance = catalogue.find(name);
        if (instance == nullptr)
            continue;
        try
        {
            act(*instance);
        }
        catch (const std::exception& error)
        {
            spdlog::error("{}", error.what());
            all_well = false;
        }
    }
    return all_well;
}

} // namespace

int main(int argc, char** argv)
{
    set_up_log("aliasvm-device");
    CLI::App app{"Binds and quiesces the devices of one VM"};
    app.require_subcommand(1);
    std::string config;
    std::string bound;
    std::string catalogue = ALIASVM_CATALOGUE;
    app.add_option("--catalogue", catalogue, "compiled device tree of the SoC's devices");
    auto* const bind_command = app.add_subcommand("bind", "bind what a configuration names");
    bind_command->add_option("configuration", config)->required();
    auto* const quiesce_command = app.add_subcommand("quiesce", "bring devices to rest");
    auto* const release_command = app.add_subcommand("release", "give back to the host");
    for (auto* const command : {bind_command, quiesce_command, release_command})
        command->add_option("bound", bound, "file with what was bound")->required();
    CLI11_PARSE(app, argc, argv);

    try
    {
        const plan::Catalogue known = load_catalogue(catalogue);
        if (*bind_command)
            bind_all(config, bound, known);
        else if (*quiesce_command)
            return for_each_bound(bound, known, quiesce) ? 0 : 1;
        else
            return for_each_bound(bound, known, release) ? 0 : 1;
        return 0;
    }
    catch (const std::exception& error)
    {
        spdlog::error("{}", error.what());
        return 1;
    }
}
