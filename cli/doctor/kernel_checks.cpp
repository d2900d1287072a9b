// SPDX-License-Identifier: Apache-2.0
// The CPU, the kernel's build, KVM and its interrupt controller.
#include "cli/doctor/checks.hpp"
#include "cli/doctor/device_tree.hpp"
#include "cli/doctor/kernel_config.hpp"
#include "cli/doctor/modules.hpp"
#include "common/base/address.hpp"
#include "common/base/unique_fd.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

/// An option that must be y or m, and what is not without it.
struct Option
{
    const char* name;
    Verdict without;
    const char* what_for;
};

/// Exactly what the layer's aliasvm-host.cfg asks for; tests/layer holds the two together.
constexpr Option options[]{
    {"VIRTUALIZATION", Verdict::fail, "VMs"},
    {"KVM", Verdict::fail, "VMs"},
    {"EVENTFD", Verdict::fail, "interrupts"},
    {"PERF_EVENTS", Verdict::warn, "the PMU of VMs"},
    {"ARM_PMU", Verdict::warn, "the PMU of VMs"},
    {"VFIO", Verdict::fail, "devices of the SoC in VMs"},
    {"VFIO_PLATFORM", Verdict::fail, "devices of the SoC in VMs"},
    {"VFIO_NOIOMMU", Verdict::warn, "devices without a stream id (UART, TTC)"},
    {"VFIO_IOMMU_TYPE1", Verdict::warn, "devices with DMA"},
    {"IOMMU_SUPPORT", Verdict::warn, "devices with DMA"},
    {"ARM_SMMU", Verdict::warn, "devices with DMA"},
    {"HUGETLBFS", Verdict::warn, "dma = \"identity\""},
    {"SECCOMP", Verdict::fail, "the sandbox of VMs"},
    {"SECCOMP_FILTER", Verdict::fail, "the sandbox of VMs"},
    {"NAMESPACES", Verdict::fail, "the sandbox of VMs"},
    {"USER_NS", Verdict::fail, "PrivateUsers= of vm@.service"},
    {"NET_NS", Verdict::warn, "PrivateNetwork= of vm@.service"},
    {"CGROUPS", Verdict::fail, "systemd"},
    {"BPF_SYSCALL", Verdict::warn, "DeviceAllow= of vm@.service"},
    {"CGROUP_BPF", Verdict::warn, "DeviceAllow= of vm@.service"},
    {"MEMCG", Verdict::warn, "MemoryMax= of a VM"},
    {"CPUSETS", Verdict::warn, "AllowedCPUs= of a VM"},
    {"CGROUP_SCHED", Verdict::warn, "CPUQuota= of a VM"},
    {"FAIR_GROUP_SCHED", Verdict::warn, "CPUQuota= of a VM"},
    {"CFS_BANDWIDTH", Verdict::warn, "CPUQuota= of a VM"},
};

/// Whether modules that were built apart from the kernel, as for Debian's, bring what its
/// configuration leaves out.
bool brought_by_module(const HostView& host, std::string_view option)
{
    if (option == "VFIO_PLATFORM")
        return module_state(host, "vfio_platform") != ModuleState::missing;
    return option == "VFIO_NOIOMMU" &&
           host.exists("sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
}

} // namespace

Finding check_architecture(const HostView& host)
{
    if (host.architecture == "aarch64")
        return ok("arm64");
    return fail(fmt::format("this host is {}, and VMs run on arm64 only", host.architecture),
                "run aliasvm on the board");
}

Finding check_page_size(const HostView& host)
{
    if (host.page_size == page_size)
        return ok("4 KiB pages");
    return fail(fmt::format("pages are {} KiB, and so no register window of 4 KiB can be mapped",
                            host.page_size / 1024),
                "build the kernel with CONFIG_ARM64_4K_PAGES=y");
}

Finding check_kernel_version(const HostView& host)
{
    const Version version = version_of(host.release);
    if (version == Version{})
        return unknown(fmt::format("\"{}\" is no kernel version", host.release));
    // 6.1 made reset_required=0 ineffective, 6.3 mended it (168a9c91fe0a).
    if (version >= Version{6, 1} && version < Version{6, 3})
        return warn(fmt::format("Linux {}: vfio-platform cannot probe a device that has no reset "
                                "driver",
                                host.release),
                    "take Linux 6.3 or later, or its commit 168a9c91fe0a");
    if (version < Version{5, 15})
        return warn(fmt::format("Linux {} is older than anything aliasvm was run on", host.release),
                    "take Linux 6.3 or later");
    return ok(fmt::format("Linux {}", host.release));
}

Finding check_kernel_options(const HostView& host)
{
    const auto config = read_kernel_config(host);
    if (!config)
        return unknown(fmt::format("there is neither a readable /proc/config.gz (with gzip to "
                                   "unpack it) nor /boot/config-{}",
                                   host.release));
    Verdict worst = Verdict::ok;
    std::vector<std::string> missing;
    std::vector<std::string> lines;
    std::vector<std::string> brought;
    for (const Option& option : options)
    {
        if (config->has(option.name))
            continue;
        if (brought_by_module(host, option.name))
        {
            brought.emplace_back(option.name);
            continue;
        }
        if (worst != Verdict::fail)
            worst = option.without;
        missing.push_back(fmt::format("{} ({})", option.name, option.what_for));
        lines.push_back(fmt::format("CONFIG_{}=y", option.name));
    }
    if (worst == Verdict::ok && brought.empty())
        return ok(fmt::format("{} has all that is needed", config->file));
    if (worst == Verdict::ok)
        return ok(fmt::format("{} has all that is needed, and modules of their own bring {}",
                              config->file, listed(brought)));
    return {worst, fmt::format("the kernel is without {}", listed(missing)),
            fmt::format("build it with {}", listed(lines))};
}

Finding check_kvm(const HostView& host)
{
    const UniqueFd fd{::open(host.at("dev/kvm").c_str(), O_RDWR | O_CLOEXEC)};
    if (fd.ok())
        return ok("/dev/kvm opens");
    if (errno == EACCES || errno == EPERM)
        return unknown("/dev/kvm may not be opened by you; run this as root");
    if (errno == ENOENT)
        return fail("there is no /dev/kvm",
                    "build the kernel with CONFIG_KVM=y, and have the boot loader enter it at EL2 "
                    "(\"dmesg | grep -i kvm\" says which of the two it is)");
    return fail(fmt::format("/dev/kvm does not open: {}", std::generic_category().message(errno)),
                "see \"dmesg | grep -i kvm\"");
}

Finding check_vgic(const HostView& host)
{
    if (host.architecture != "aarch64")
        return unknown("there is none on this architecture");
    if (!host.exists("dev/kvm"))
        return unknown("without /dev/kvm there is none");
    const auto lines = host.lines("proc/interrupts");
    if (lines.empty())
        return unknown("/proc/interrupts cannot be read");
    // KVM requests the maintenance interrupt once it has found the virtualization registers.
    if (std::ranges::any_of(lines, [](const std::string& line) { return line.ends_with(" vgic"); }))
        return ok("KVM has the GIC's virtual interface");
    const auto gic = find_compatible(host, {"arm,gic-400", "arm,cortex-a15-gic"});
    if (gic && (gic->reg().size() < 4 || !gic->has("interrupts")))
        return fail(fmt::format("KVM is without vGIC: {} lacks GICH, GICV or the maintenance "
                                "interrupt",
                                gic->name()),
                    "give it reg = <0x0 0xf9010000 0x0 0x10000>, <0x0 0xf9020000 0x0 0x20000>, "
                    "<0x0 0xf9040000 0x0 0x20000>, <0x0 0xf906f000 0x0 0x2000>; and "
                    "interrupts = <1 9 0xf04>; in the host's device tree");
    return fail("KVM is without vGIC: /proc/interrupts has no vgic",
                "see \"dmesg | grep -i -e kvm -e gic\"");
}

} // namespace aliasvm::cli
