// SPDX-License-Identifier: Apache-2.0
// What surrounds the daemon: systemd, cgroups, groups, the bus.
#include "cli/doctor/checks.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace aliasvm::cli
{

Finding check_systemd(const HostView& host)
{
    if (!host.exists("run/systemd/system"))
        return fail("systemd is not the init of this host",
                    "boot with systemd: it starts, watches and restarts the VMs");
    if (!host.systemd)
        return unknown("systemd does not answer on the system bus");
    constexpr unsigned oldest = 247;
    if (version_of(*host.systemd).major < oldest)
        return fail(fmt::format("systemd {} is too old", *host.systemd),
                    fmt::format("take {} or later", oldest));
    return ok(fmt::format("systemd {}", *host.systemd));
}

Finding check_cgroups(const HostView& host)
{
    if (host.exists("sys/fs/cgroup/cgroup.controllers"))
        return ok("cgroup v2");
    return warn("there is no cgroup v2 at /sys/fs/cgroup: limits of VMs do not hold",
                "add systemd.unified_cgroup_hierarchy=1 to the kernel command line");
}

Finding check_groups(const HostView& host)
{
    const auto lines = host.lines("etc/group");
    if (lines.empty())
        return unknown("/etc/group cannot be read");
    std::vector<std::string> missing;
    for (const std::string group : {"kvm", "aliasvm"})
    {
        const bool found = std::ranges::any_of(lines, [&group](const std::string& line)
                                               { return line.starts_with(group + ':'); });
        if (!found)
            missing.push_back(group);
    }
    if (missing.empty())
        return ok("there are groups kvm and aliasvm");
    return fail(
        fmt::format("there is no group {}: vm@.service cannot run with it", listed(missing)),
        fmt::format("run \"groupadd --system {}\"", fmt::join(missing, "; groupadd --system ")));
}

Finding check_socket(const HostView& host)
{
    if (!host.socket)
        return unknown("systemd does not answer on the system bus");
    if (*host.socket == "active")
        return ok("aliasvmd.socket is active");
    return fail(fmt::format("aliasvmd.socket is {}", *host.socket),
                "run \"systemctl enable --now aliasvmd.socket\"");
}

Finding check_bus_policy(const HostView& host)
{
    constexpr const char* file = "dbus-1/system.d/org.aliasvm1.conf";
    for (const std::string folder : {"usr/share/", "usr/local/share/", "etc/"})
    {
        if (host.exists(folder + file))
            return ok(fmt::format("/{}{} is there", folder, file));
    }
    return fail("the bus has no policy for org.aliasvm1, and will not let aliasvmd have the name",
                fmt::format("install /usr/share/{} and run \"systemctl reload dbus\"", file));
}

} // namespace aliasvm::cli
