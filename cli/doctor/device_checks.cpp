// SPDX-License-Identifier: Apache-2.0
// The devices that configurations ask for, and who holds them.
#include "cli/doctor/checks.hpp"
#include "cli/doctor/device_tree.hpp"
#include "common/plan/config.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

/// Instances that a file in /etc/aliasvm names, each once.
std::vector<const plan::Instance*> wanted_instances(const HostView& host)
{
    std::vector<const plan::Instance*> wanted;
    for (const std::string& file : host.names("etc/aliasvm"))
    {
        const auto text = host.text("etc/aliasvm/" + file);
        const auto name = VmName::from(file.substr(0, file.rfind(".toml")));
        if (!file.ends_with(".toml") || !text || !name)
            continue;
        for (const plan::AliasConfig& alias : plan::parse_config(*text, file, *name).aliases)
        {
            const auto* const instance = host.catalogue->find(alias.instance.value);
            if (instance != nullptr && std::ranges::count(wanted, instance) == 0)
                wanted.push_back(instance);
        }
    }
    return wanted;
}

struct Faults
{
    std::vector<std::string> absent;
    std::vector<std::string> stuck; ///< with a driver that cannot let go
    std::vector<std::string> held;  ///< with a driver that can
};

Faults look_at(const HostView& host, const std::vector<const plan::Instance*>& wanted)
{
    Faults faults;
    for (const plan::Instance* const instance : wanted)
    {
        const std::string device = "sys/bus/platform/devices/" + instance->sysname;
        if (!host.exists(device))
        {
            faults.absent.push_back(fmt::format("{} ({})", instance->name, instance->sysname));
            continue;
        }
        const auto driver = host.link(device + "/driver");
        if (!driver || *driver == "vfio-platform")
            continue;
        // A driver with suppress_bind_attrs has no such file.
        const bool can_let_go = host.exists("sys/bus/platform/drivers/" + *driver + "/unbind");
        (can_let_go ? faults.held : faults.stuck)
            .push_back(fmt::format("{} (driver {})", instance->name, *driver));
    }
    return faults;
}

} // namespace

Finding check_devices(const HostView& host)
{
    if (host.catalogue == nullptr)
        return unknown("the catalogue of the SoC's devices cannot be read");
    const auto wanted = wanted_instances(host);
    if (wanted.empty())
        return ok("no file in /etc/aliasvm asks for a device");
    const Faults faults = look_at(host, wanted);
    if (!faults.stuck.empty())
        return fail(
            fmt::format("a driver of the host has {} and cannot let go", listed(faults.stuck)),
            "write compatible = \"aliasvm,passthrough\"; into the node of each in the host's "
            "device tree");
    if (!faults.absent.empty())
        return fail(fmt::format("this host has no {}", listed(faults.absent)),
                    "write status = \"okay\"; into the node of each in the host's device tree");
    if (!faults.held.empty())
        return warn(fmt::format("a driver of the host has {}", listed(faults.held)),
                    "take them with \"aliasvm assign … --force\", or write compatible = "
                    "\"aliasvm,passthrough\"; into the node of each in the host's device tree");
    return ok(fmt::format("all {} that configurations ask for can be taken", wanted.size()));
}

} // namespace aliasvm::cli
