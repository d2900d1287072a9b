// SPDX-License-Identifier: Apache-2.0
// A good host with one fault at a time: which check finds it, and the mend that it gives.
#include "made_host.hpp"
#include "run_cli.hpp"

#include "cli/doctor/doctor.hpp"
#include "cli/doctor/modules.hpp"

#include <cstdlib>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::cli
{
namespace
{

using testing::HasSubstr;

Finding find(const HostView& view, const std::string& check)
{
    for (const Diagnosis& one : examine(view))
    {
        if (one.check == check)
            return one.finding;
    }
    ADD_FAILURE() << "no check " << check;
    return {};
}

TEST(Doctor, FindsNothingOnAGoodHost)
{
    const MadeHost host;
    for (const auto& [check, finding] : examine(host.view))
        EXPECT_EQ(finding.verdict, Verdict::ok) << check << ": " << finding.what;
    EXPECT_FALSE(failed(examine(host.view)));
}

TEST(Doctor, CannotLookIntoAnEmptyFolderAndSaysSo)
{
    const TemporaryFolder empty;
    HostView view;
    view.root = empty.path();
    for (const auto& [check, finding] : examine(view))
    {
        EXPECT_FALSE(finding.what.empty()) << check;
        EXPECT_EQ(finding.mend.empty(),
                  finding.verdict == Verdict::ok || finding.verdict == Verdict::unknown)
            << check;
    }
    EXPECT_EQ(find(view, "kernel-options").verdict, Verdict::unknown);
    EXPECT_EQ(find(view, "devices").verdict, Verdict::unknown);
    EXPECT_EQ(find(view, "socket").verdict, Verdict::unknown);
}

struct Fault
{
    const char* name;
    const char* check;
    Verdict verdict;
    std::function<void(MadeHost&)> break_it;
    const char* what; ///< part of it
    const char* mend; ///< part of it
};

void PrintTo(const Fault& fault, std::ostream* out)
{
    *out << fault.name;
}

class Faults : public testing::TestWithParam<Fault>
{
};

TEST_P(Faults, AreFoundWithTheirMend)
{
    MadeHost host;
    GetParam().break_it(host);
    const Finding finding = find(host.view, GetParam().check);
    EXPECT_EQ(finding.verdict, GetParam().verdict) << finding.what;
    EXPECT_THAT(finding.what, HasSubstr(GetParam().what));
    EXPECT_THAT(finding.mend, HasSubstr(GetParam().mend));
}

const Fault of_the_kernel[]{
    {"Architecture", "architecture", Verdict::fail,
     [](MadeHost& h) { h.view.architecture = "x86_64"; }, "x86_64", "on the board"},
    {"PageSize", "page-size", Verdict::fail, [](MadeHost& h) { h.view.page_size = 65536; },
     "64 KiB", "CONFIG_ARM64_4K_PAGES=y"},
    {"Kernel61", "kernel-version", Verdict::warn,
     [](MadeHost& h) { h.view.release = "6.1.60-xilinx"; }, "reset driver", "168a9c91fe0a"},
    {"OldKernel", "kernel-version", Verdict::warn, [](MadeHost& h) { h.view.release = "5.4.0"; },
     "older", "6.3"},
    {"StrangeRelease", "kernel-version", Verdict::unknown,
     [](MadeHost& h) { h.view.release = "next"; }, "no kernel version", ""},
    {"KernelWithoutVfio", "kernel-options", Verdict::fail,
     [](MadeHost& h) {
         h.kernel_without({"VFIO", "HUGETLBFS"});
     },
     "VFIO (devices of the SoC in VMs) and HUGETLBFS", "CONFIG_VFIO=y and CONFIG_HUGETLBFS=y"},
    {"KernelWithoutSmmu", "kernel-options", Verdict::warn,
     [](MadeHost& h) { h.kernel_without({"ARM_SMMU"}); }, "ARM_SMMU", "CONFIG_ARM_SMMU=y"},
    {"KernelWithoutVfioPlatformAndItsModule", "kernel-options", Verdict::fail,
     [](MadeHost& h)
     {
         h.kernel_without({"VFIO_PLATFORM", "VFIO_NOIOMMU"});
         h.remove("sys/module/vfio_platform");
         h.remove("sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
     },
     "without VFIO_PLATFORM (devices of the SoC in VMs) and VFIO_NOIOMMU (",
     "CONFIG_VFIO_PLATFORM=y and CONFIG_VFIO_NOIOMMU=y"},
    {"NoKernelConfig", "kernel-options", Verdict::unknown,
     [](MadeHost& h) { h.remove("boot/config-6.12.9"); }, "/boot/config-6.12.9", ""},
    {"NoKvm", "kvm", Verdict::fail, [](MadeHost& h) { h.remove("dev/kvm"); }, "no /dev/kvm",
     "CONFIG_KVM=y"},
    {"KvmDoesNotOpen", "kvm", Verdict::fail,
     [](MadeHost& h)
     {
         h.remove("dev/kvm");
         h.write("dev/kvm/directory", "");
     },
     "does not open: Is a directory", "dmesg"},
    {"NoVgic", "vgic", Verdict::fail,
     [](MadeHost& h) { h.write("proc/interrupts", "  1: 0 timer\n"); }, "without vGIC", "dmesg"},
    {"GicNodeWithoutGich", "vgic", Verdict::fail,
     [](MadeHost& h)
     {
         h.write("proc/interrupts", "  1: 0 timer\n");
         h.cells("interrupt-controller@f9010000/reg",
                 {0, 0xf9010000, 0, 0x10000, 0, 0xf9020000, 0, 0x20000});
     },
     "lacks GICH", "interrupts = <1 9 0xf04>;"},
    {"GicvRepeats", "gicv", Verdict::warn,
     [](MadeHost& h)
     {
         h.cells("interrupt-controller@f9010000/reg",
                 {0, 0xf9010000, 0, 0x10000, 0, 0xf9020000, 0, 0x20000, 0, 0xf9040000, 0, 0x20000,
                  0, 0xf9060000, 0, 0x20000});
     },
     "0xf9060000 repeats", "<0x0 0xf906f000 0x0 0x2000>"},
    {"NoPmuNode", "pmu", Verdict::warn,
     [](MadeHost& h)
     {
         h.remove("sys/bus/event_source/devices/armv8_cortex_a53");
         h.remove("sys/firmware/devicetree/base/pmu");
     },
     "no pmu node: guests have no PMU",
     "compatible = \"arm,cortex-a53-pmu\"; interrupts = <0 143 4>"},
    {"PmuDisabled", "pmu", Verdict::warn,
     [](MadeHost& h)
     {
         h.remove("sys/bus/event_source/devices/armv8_cortex_a53");
         h.strings("pmu/status", {"disabled"});
     },
     "pmu is disabled", "take status out of pmu"},
    {"PmuWithoutDriver", "pmu", Verdict::warn,
     [](MadeHost& h) { h.remove("sys/bus/event_source/devices/armv8_cortex_a53"); },
     "pmu has no driver", "CONFIG_ARM_PMU=y"},
};

void allow_identity_dma(MadeHost& host)
{
    host.write("etc/aliasvm/aliasvmd.toml", "allow_identity_dma = true\n");
}

const Fault of_vfio[]{
    {"NoModules", "vfio-modules", Verdict::fail,
     [](MadeHost& h)
     {
         h.remove("sys/module/vfio");
         h.remove("sys/module/vfio_platform");
     },
     "vfio and vfio_platform are neither", "CONFIG_VFIO_PLATFORM=y"},
    {"ResetRequired", "reset-required", Verdict::fail,
     [](MadeHost& h) { h.parameter("vfio_platform", "reset_required", "Y"); }, "refuses",
     "vfio_platform.reset_required=0"},
    {"NoNoiommuButSmmu", "noiommu", Verdict::warn,
     [](MadeHost& h) { h.parameter("vfio", "enable_unsafe_noiommu_mode", "N"); }, "stream id",
     "vfio.enable_unsafe_noiommu_mode=1"},
    {"NeitherNoiommuNorSmmu", "noiommu", Verdict::fail,
     [](MadeHost& h)
     {
         h.parameter("vfio", "enable_unsafe_noiommu_mode", "N");
         h.strings("smmu@fd800000/status", {"disabled"});
     },
     "neither", "\"options vfio enable_unsafe_noiommu_mode=1\""},
    {"UnsafeInterruptsRefused", "unsafe-interrupts", Verdict::fail,
     [](MadeHost& h) { h.parameter("vfio_iommu_type1", "allow_unsafe_interrupts", "N"); },
     "isolated MSIs", "vfio_iommu_type1.allow_unsafe_interrupts=1"},
    {"SmmuDisabled", "smmu", Verdict::warn,
     [](MadeHost& h) { h.strings("smmu@fd800000/status", {"disabled"}); },
     "smmu@fd800000 is disabled", "&smmu { status = \"okay\"; };"},
    {"SmmuWithoutDriver", "smmu", Verdict::fail, [](MadeHost& h) { h.remove("sys/class/iommu"); },
     "has no driver", "CONFIG_ARM_SMMU=y"},
    {"NoSmmuNode", "smmu", Verdict::warn,
     [](MadeHost& h) { h.remove("sys/firmware/devicetree/base/smmu@fd800000"); }, "no SMMU",
     "zynqmp.dtsi"},
    {"UartNotCoherent", "coherency", Verdict::warn,
     [](MadeHost& h) {
         h.cells("axi/serial@ff010000/iommus", {1, 0x7c01});
     },
     "refuses uart1", "dma-coherent;"},
    {"GemNotCoherent", "coherency", Verdict::warn,
     [](MadeHost& h)
     { h.remove("sys/firmware/devicetree/base/axi/ethernet@ff0e0000/dma-coherent"); },
     "refuses gem3", "dma-coherent;"},
    {"GemWithoutStreamId", "coherency", Verdict::warn,
     [](MadeHost& h) { h.remove("sys/firmware/devicetree/base/axi/ethernet@ff0e0000/iommus"); },
     "gem3", "iommus = <&smmu ID>;"},
    {"IdentityDmaMisspelt", "identity-dma", Verdict::fail,
     [](MadeHost& h) { h.write("etc/aliasvm/aliasvmd.toml", "allow_identity_dma = 1\n"); },
     "aliasvmd.toml:1:22:", "mend /etc/aliasvm/aliasvmd.toml"},
    {"IdentityDmaWithoutDropIn", "identity-dma", Verdict::fail, allow_identity_dma,
     "where memory lies", "/etc/systemd/system/aliasvmd.service.d/identity-dma.conf"},
    {"IdentityDmaWithoutHugepages", "identity-dma", Verdict::fail,
     [](MadeHost& h)
     {
         allow_identity_dma(h);
         h.write("etc/systemd/system/aliasvmd.service.d/identity-dma.conf", "");
         h.write("proc/sys/vm/nr_hugepages", "0\n");
     },
     "no hugepages", "vm.nr_hugepages"},
    {"IdentityDmaIsNeverSafe", "identity-dma", Verdict::warn,
     [](MadeHost& h)
     {
         allow_identity_dma(h);
         h.write("etc/systemd/system/aliasvmd.service.d/identity-dma.conf", "");
         h.write("proc/sys/vm/nr_hugepages", "64\n");
     },
     "can write to all memory", "trust such VMs"},
    {"ClocksAreStopped", "clocks", Verdict::warn,
     [](MadeHost& h)
     {
         h.write("proc/cmdline", "console=ttyPS0\n");
         h.strings("firmware/clock-controller/compatible", {"xlnx,zynqmp-clk"});
     },
     "stops clocks", "clk_ignore_unused"},
};

const Fault of_the_system[]{
    {"DriverCannotLetGo", "devices", Verdict::fail,
     [](MadeHost& h)
     {
         h.write("sys/bus/platform/drivers/xuartps/uevent", "");
         h.link("sys/bus/platform/devices/ff010000.serial/driver", "../../drivers/xuartps");
     },
     "uart1 (driver xuartps) and cannot let go", "compatible = \"aliasvm,passthrough\";"},
    {"DriverHasDevice", "devices", Verdict::warn,
     [](MadeHost& h)
     {
         h.write("sys/bus/platform/drivers/macb/unbind", "");
         h.link("sys/bus/platform/devices/ff0e0000.ethernet/driver", "../../drivers/macb");
     },
     "gem3 (driver macb)", "--force"},
    {"DeviceIsAbsent", "devices", Verdict::fail,
     [](MadeHost& h) { h.remove("sys/bus/platform/devices/ff010000.serial"); },
     "no uart1 (ff010000.serial)", "status = \"okay\";"},
    {"NoSystemd", "systemd", Verdict::fail, [](MadeHost& h) { h.remove("run/systemd/system"); },
     "not the init", "boot with systemd"},
    {"OldSystemd", "systemd", Verdict::fail, [](MadeHost& h) { h.view.systemd = "241-5"; },
     "241-5 is too old", "247"},
    {"SilentSystemd", "systemd", Verdict::unknown, [](MadeHost& h) { h.view.systemd.reset(); },
     "does not answer", ""},
    {"NoCgroup2", "cgroups", Verdict::warn, [](MadeHost& h) { h.remove("sys/fs/cgroup"); },
     "no cgroup v2", "systemd.unified_cgroup_hierarchy=1"},
    {"NoGroup", "groups", Verdict::fail,
     [](MadeHost& h) { h.write("etc/group", "root:x:0:\nkvm:x:1:\n"); }, "no group aliasvm",
     "groupadd --system aliasvm"},
    {"SocketInactive", "socket", Verdict::fail, [](MadeHost& h) { h.view.socket = "inactive"; },
     "is inactive", "systemctl enable --now aliasvmd.socket"},
    {"NoBusPolicy", "bus-policy", Verdict::fail, [](MadeHost& h) { h.remove("usr/share/dbus-1"); },
     "no policy", "/usr/share/dbus-1/system.d/org.aliasvm1.conf"},
};

const auto name_of = [](const auto& each) { return std::string{each.param.name}; };

INSTANTIATE_TEST_SUITE_P(OfTheKernel, Faults, testing::ValuesIn(of_the_kernel), name_of);
INSTANTIATE_TEST_SUITE_P(OfVfio, Faults, testing::ValuesIn(of_vfio), name_of);
INSTANTIATE_TEST_SUITE_P(OfTheSystem, Faults, testing::ValuesIn(of_the_system), name_of);

TEST(Doctor, WantsNoNoiommuModeIfEveryGivenDeviceHasAStreamId)
{
    const MadeHost host;
    host.parameter("vfio", "enable_unsafe_noiommu_mode", "N");
    host.cells("axi/serial@ff010000/iommus", {1, 0x7c01});
    host.cells("axi/serial@ff010000/dma-coherent", {});
    EXPECT_EQ(find(host.view, "noiommu").verdict, Verdict::ok);
    EXPECT_EQ(find(host.view, "coherency").verdict, Verdict::ok);
}

TEST(Doctor, AsksNoCoherencyOfTheHostsOwnMasters)
{
    const MadeHost host;
    host.strings("axi/ethernet@ff0e0000/compatible", {"xlnx,zynqmp-gem", "cdns,gem"});
    host.remove("sys/firmware/devicetree/base/axi/ethernet@ff0e0000/dma-coherent");
    EXPECT_EQ(find(host.view, "coherency").verdict, Verdict::ok);
}

TEST(Doctor, AnSmmuThatWalksCoherentlyIsEnoughForItsDevices)
{
    const MadeHost host;
    host.remove("sys/firmware/devicetree/base/axi/ethernet@ff0e0000/dma-coherent");
    host.cells("smmu@fd800000/dma-coherent", {});
    EXPECT_EQ(find(host.view, "coherency").verdict, Verdict::ok);
}

TEST(Doctor, ReadsThePackedKernelConfiguration)
{
    const MadeHost host;
    host.kernel_without({"VFIO_PLATFORM"});
    const std::string file = (host.view.root / "boot/config-6.12.9").string();
    const std::string pack = "mkdir -p " + (host.view.root / "proc").string() + " && gzip -c " +
                             file + " > " + (host.view.root / "proc/config.gz").string();
    ASSERT_EQ(std::system(pack.c_str()), 0);
    host.kernel_without({}); // the running kernel's own word comes first
    EXPECT_THAT(find(host.view, "kernel-options").what, HasSubstr("VFIO_PLATFORM"));
    host.write("proc/config.gz", "not packed");
    EXPECT_EQ(find(host.view, "kernel-options").verdict, Verdict::ok);
}

TEST(Doctor, ModulesThatWereBuiltApartBringWhatTheConfigurationLeavesOut)
{
    const MadeHost host;
    host.kernel_without({"VFIO_PLATFORM", "VFIO_NOIOMMU"});
    EXPECT_EQ(find(host.view, "kernel-options").verdict, Verdict::ok);
    EXPECT_THAT(find(host.view, "kernel-options").what,
                HasSubstr("modules of their own bring VFIO_PLATFORM and VFIO_NOIOMMU"));
    host.kernel_without({"VFIO_PLATFORM", "KVM"});
    EXPECT_THAT(find(host.view, "kernel-options").what,
                HasSubstr("the kernel is without KVM (VMs)"));
    host.kernel_without({"VFIO_PLATFORM"});
    host.remove("sys/module/vfio_platform");
    host.write("lib/modules/6.12.9/modules.dep", "extra/vfio-platform.ko:\n");
    EXPECT_EQ(find(host.view, "kernel-options").verdict, Verdict::ok);
}

TEST(Doctor, AModuleThatIsNotLoadedYetIsJudgedByWhatItWillBeGiven)
{
    const MadeHost host;
    host.remove("sys/module/vfio_platform");
    host.write(
        "lib/modules/6.12.9/modules.dep",
        "kernel/drivers/vfio/platform/vfio-platform.ko.xz: kernel/drivers/vfio/vfio.ko.xz\n");
    EXPECT_THAT(find(host.view, "vfio-modules").what, HasSubstr("vfio_platform can be loaded"));
    EXPECT_EQ(find(host.view, "reset-required").verdict, Verdict::fail);
    host.write("etc/modprobe.d/aliasvm.conf", "# none\noptions vfio-platform reset_required=0\n");
    EXPECT_EQ(find(host.view, "reset-required").verdict, Verdict::ok);
    host.write("proc/cmdline", "vfio_platform.reset_required=1 quiet\n");
    EXPECT_EQ(find(host.view, "reset-required").verdict, Verdict::fail);
}

TEST(Doctor, AModuleThatIsBuiltInWithoutParametersIsThere)
{
    const MadeHost host;
    host.remove("sys/module/vfio");
    host.write("lib/modules/6.12.9/modules.builtin", "kernel/drivers/vfio/vfio.ko\n");
    EXPECT_EQ(module_state(host.view, "vfio"), ModuleState::loaded);
    EXPECT_EQ(module_state(host.view, "vfi"), ModuleState::missing);
}

TEST(Doctor, BadConfigurationsDoNotHinderIt)
{
    const MadeHost host;
    host.write("etc/aliasvm/broken.toml", "= = [");
    host.write("etc/aliasvm/Not A Name.toml", "[alias]\nuart0 = \"gem2\"\n");
    host.write("etc/aliasvm/notes.txt", "[alias]\nuart0 = \"gem2\"\n");
    EXPECT_EQ(find(host.view, "devices").verdict, Verdict::ok);
}

TEST(Doctor, TellsEachCheckOnALineOfItsOwn)
{
    const std::vector<Diagnosis> all{{"kvm", ok("/dev/kvm opens")},
                                     {"reset-required", fail("refuses", "add it")},
                                     {"socket", unknown("nobody answers")}};
    EXPECT_EQ(diagnoses_text(all, false), "ok       kvm             /dev/kvm opens\n"
                                          "FAIL     reset-required  refuses; add it\n"
                                          "unknown  socket          nobody answers\n");
    EXPECT_THAT(diagnoses_text(all, true), HasSubstr("\033[1;31mFAIL\033[0m     reset-required"));
    EXPECT_EQ(diagnoses_json(all),
              R"({"checks":[{"check":"kvm","verdict":"ok","what":"/dev/kvm opens","mend":""},)"
              R"({"check":"reset-required","verdict":"FAIL","what":"refuses","mend":"add it"},)"
              R"({"check":"socket","verdict":"unknown","what":"nobody answers","mend":""}],)"
              R"("failed":true})"
              "\n");
    EXPECT_TRUE(failed(all));
}

TEST(DoctorCommand, ExitsOneIfACheckFails)
{
    const TemporaryFolder empty;
    const Outcome outcome =
        run_cli({"--bus", "unix:path=/nonexistent", "doctor", "--root", empty.path().string()});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("FAIL     kvm                there is no /dev/kvm; "));
    EXPECT_EQ(outcome.err, "");
}

} // namespace
} // namespace aliasvm::cli
