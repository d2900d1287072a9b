// SPDX-License-Identifier: Apache-2.0
// The good host, part by part.
#include "made_host.hpp"

#include "common/base/file.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

const std::string tree = "sys/firmware/devicetree/base/";

} // namespace

MadeHost::MadeHost()
{
    const char* const file = std::getenv("ALIASVM_TEST_CATALOGUE");
    catalogue_ = std::make_unique<plan::Catalogue>(read_file(file), file);
    view = {.root = folder_.path(),
            .architecture = "aarch64",
            .release = "6.12.9",
            .page_size = 4096,
            .systemd = "252.39-1~deb12u2",
            .socket = "active",
            .catalogue = catalogue_.get()};
    make_tree();
    make_devices();
    make_system();
}

void MadeHost::make_tree() const
{
    cells("#address-cells", {2});
    cells("#size-cells", {2});
    strings("interrupt-controller@f9010000/compatible", {"arm,gic-400"});
    cells("interrupt-controller@f9010000/reg",
          {0, 0xf9010000, 0, 0x10000, 0, 0xf9020000, 0, 0x20000, 0, 0xf9040000, 0, 0x20000, 0,
           0xf906f000, 0, 0x2000});
    cells("interrupt-controller@f9010000/interrupts", {1, 9, 0xf04});
    strings("smmu@fd800000/compatible", {"arm,mmu-500"});
    strings("smmu@fd800000/status", {"okay"});
    strings("axi/serial@ff010000/compatible", {"aliasvm,passthrough"});
    strings("axi/ethernet@ff0e0000/compatible", {"aliasvm,passthrough"});
    cells("axi/ethernet@ff0e0000/iommus", {1, 0x877});
    cells("axi/ethernet@ff0e0000/dma-coherent", {});
    write("sys/class/iommu/smmu3/name", "");
    strings("pmu/compatible", {"arm,cortex-a53-pmu"});
    write("sys/bus/event_source/devices/armv8_cortex_a53/type", "8\n");
}

void MadeHost::make_devices() const
{
    write("sys/bus/platform/drivers/vfio-platform/unbind", "");
    for (const auto& [sysname, node] : {std::pair{"ff010000.serial", "serial@ff010000"},
                                        std::pair{"ff0e0000.ethernet", "ethernet@ff0e0000"}})
    {
        const std::string device = fmt::format("sys/bus/platform/devices/{}/", sysname);
        write(device + "uevent", "");
        link(device + "of_node", fmt::format("../../../../firmware/devicetree/base/axi/{}", node));
        link(device + "driver", "../../drivers/vfio-platform");
    }
    write("etc/aliasvm/right.toml",
          "memory = \"64M\"\nkernel = \"/k\"\n[alias]\nuart0 = \"uart1\"\n"
          "gem0 = \"gem3\"\nttc0 = \"\"\n");
}

void MadeHost::make_system() const
{
    write("dev/kvm", "");
    write("proc/cmdline", "console=ttyPS0 clk_ignore_unused root=/dev/mmcblk0p2\n");
    write("proc/interrupts", "           CPU0\n  9:   0  GICv2  25 Level     vgic\n");
    kernel_without({});
    parameter("vfio", "enable_unsafe_noiommu_mode", "Y");
    parameter("vfio_platform", "reset_required", "N");
    parameter("vfio_iommu_type1", "allow_unsafe_interrupts", "Y");
    write("run/systemd/system/keep", "");
    write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    write("etc/group", "root:x:0:\nkvm:x:104:\naliasvm:x:105:\n");
    write("usr/share/dbus-1/system.d/org.aliasvm1.conf", "");
}

void MadeHost::remove(const std::string& path) const
{
    std::filesystem::remove_all(folder_.path() / path);
}

void MadeHost::link(const std::string& from, const std::string& to) const
{
    remove(from);
    std::filesystem::create_symlink(to, folder_.path() / from);
}

void MadeHost::cells(const std::string& property, const std::vector<std::uint32_t>& values) const
{
    std::string bytes;
    for (const std::uint32_t value : values)
    {
        for (const unsigned shift : {24U, 16U, 8U, 0U})
            bytes += static_cast<char>(value >> shift & 0xffU);
    }
    write(tree + property, bytes);
}

void MadeHost::strings(const std::string& property, const std::vector<std::string>& values) const
{
    std::string bytes;
    for (const std::string& value : values)
        bytes += value + '\0';
    write(tree + property, bytes);
}

void MadeHost::kernel_without(const std::vector<std::string>& options) const
{
    std::string config = "# a comment\nCONFIG_LOCALVERSION=\"\"\n";
    for (const std::string option :
         {"VIRTUALIZATION", "KVM",           "EVENTFD",      "PERF_EVENTS",      "ARM_PMU",
          "VFIO",           "VFIO_PLATFORM", "VFIO_NOIOMMU", "VFIO_IOMMU_TYPE1", "IOMMU_SUPPORT",
          "ARM_SMMU",       "HUGETLBFS",     "SECCOMP",      "SECCOMP_FILTER",   "NAMESPACES",
          "USER_NS",        "NET_NS",        "CGROUPS",      "BPF_SYSCALL",      "CGROUP_BPF",
          "MEMCG",          "CPUSETS",       "CGROUP_SCHED", "FAIR_GROUP_SCHED", "CFS_BANDWIDTH"})
        config += std::ranges::count(options, option) == 0
                      ? fmt::format("CONFIG_{}={}\n", option, option == "KVM" ? "y" : "m")
                      : fmt::format("# CONFIG_{} is not set\n", option);
    write("boot/config-6.12.9", config);
}

void MadeHost::parameter(const std::string& module, const std::string& name,
                         const std::string& value) const
{
    write(fmt::format("sys/module/{}/parameters/{}", module, name), value + '\n');
}

} // namespace aliasvm::cli
