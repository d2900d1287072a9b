// SPDX-License-Identifier: Apache-2.0
// DMA that nothing confines: whether the host allows it, and has what it takes.
#include "cli/doctor/checks.hpp"
#include "common/base/error.hpp"
#include "common/facts/settings.hpp"

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

constexpr std::string_view settings_file = "etc/aliasvm/aliasvmd.toml";
constexpr std::string_view drop_in = "aliasvmd.service.d/identity-dma.conf";

bool drop_in_installed(const HostView& host)
{
    for (const std::string_view folder : {"etc", "run", "usr/lib", "usr/local/lib"})
    {
        if (host.exists(fmt::format("{}/systemd/system/{}", folder, drop_in)))
            return true;
    }
    return false;
}

} // namespace

Finding check_identity_dma(const HostView& host)
{
    try
    {
        if (!facts::read_settings(host.at(settings_file).string()).allow_identity_dma)
            return ok("not allowed: DMA goes through an SMMU or not at all");
    }
    catch (const Error& error)
    {
        return fail(error.what(), fmt::format("mend /{}", settings_file));
    }
    if (!drop_in_installed(host))
        return fail("allowed, but aliasvmd cannot ask where memory lies",
                    fmt::format("install -D -m 644 /usr/share/aliasvm/identity-dma.conf "
                                "/etc/systemd/system/{} && systemctl daemon-reload && systemctl "
                                "restart aliasvmd",
                                drop_in));
    const auto pages = host.text("proc/sys/vm/nr_hugepages");
    if (!pages || *pages == "0")
        return fail("allowed, but the host has no hugepages for the VMs' RAM",
                    "hugepages=N on the kernel command line, 2 MiB each, or sysctl "
                    "vm.nr_hugepages=N");
    return warn("allowed: a VM with dma = \"identity\" can write to all memory of this host, "
                "through its devices",
                fmt::format("trust such VMs as the host, or take allow_identity_dma out of /{}",
                            settings_file));
}

} // namespace aliasvm::cli
