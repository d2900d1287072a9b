// SPDX-License-Identifier: Apache-2.0
// A board's tree as the tree of a VM: read back by libfdt alone.
#include "plan_fixture.hpp"

#include "common/fdt/draft.hpp"
#include "common/plan/guest_dtb.hpp"
#include "common/plan/own_tree.hpp"

#include <functional>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libfdt.h>

namespace aliasvm::plan
{
namespace
{

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Cells = std::vector<std::uint32_t>;

Bytes board()
{
    return bytes_of(read_text(environment("ALIASVM_TEST_OWN_BOARD")));
}

/// The board's tree after somebody's work on it.
Bytes edited(const std::function<void(fdt::Draft&)>& edit)
{
    const Bytes blob = board();
    const fdt::Tree tree{blob, "board"};
    fdt::Draft root{tree.root()};
    edit(root);
    fdt::Writer writer{tree.reservations()};
    root.write(writer);
    return std::move(writer).finish();
}

fdt::Draft& node_at(fdt::Draft& root, std::initializer_list<const char*> path)
{
    fdt::Draft* node = &root;
    for (const char* const name : path)
    {
        const auto found = std::ranges::find(node->children(), name, &fdt::Draft::name);
        if (found == node->children().end())
            throw std::runtime_error{std::string{"no "} + name};
        node = &*found;
    }
    return *node;
}

/// As its owner must hand it in: there is no firmware.
Bytes without_firmware()
{
    return edited(
        [](fdt::Draft& root) {
            root.children().remove_if([](const fdt::Draft& node)
                                      { return node.name() == "firmware"; });
        });
}

Bytes with_firmware_disabled()
{
    return edited(
        [](fdt::Draft& root) {
            node_at(root, {"firmware", "zynqmp-firmware"}).set_strings("status", {"disabled"});
        });
}

HostFacts host_with(Bytes tree)
{
    HostFacts facts = good_host();
    facts.dtb = DtbFile{std::move(tree)};
    return facts;
}

constexpr const char* plain =
    "memory = \"64M\"\nkernel = \"/g\"\ndtb = \"/d\"\n[alias]\nuart0 = \"uart1\"\n";

/// What a guest reads.
class Read
{
public:
    Read(const std::string& text, const HostFacts& facts)
        : plan_{good_plan(text, facts)}, blob_{guest_dtb(plan_, zynqmp(), facts)}
    {
        EXPECT_EQ(fdt_check_full(blob_.data(), blob_.size()), 0);
    }

    [[nodiscard]] const VmPlan& plan() const { return plan_; }
    [[nodiscard]] const void* blob() const { return blob_.data(); }
    [[nodiscard]] bool has(const std::string& path) const { return offset(path) >= 0; }
    [[nodiscard]] std::optional<std::string> bytes(const std::string& path,
                                                   const char* property) const
    {
        int size = 0;
        const void* const value = fdt_getprop(blob(), offset(path), property, &size);
        if (value == nullptr)
            return std::nullopt;
        return std::string{static_cast<const char*>(value), static_cast<std::size_t>(size)};
    }
    [[nodiscard]] Cells cells(const std::string& path, const char* property) const
    {
        const std::string value = bytes(path, property).value_or("");
        Cells all;
        for (std::size_t index = 0; index + 4 <= value.size(); index += 4)
            all.push_back(fdt32_ld(reinterpret_cast<const fdt32_t*>(value.data() + index)));
        return all;
    }
    [[nodiscard]] std::string text(const std::string& path, const char* property) const
    {
        return bytes(path, property).value_or("none").c_str();
    }
    /// Of the node that a cell of a property points at.
    [[nodiscard]] std::string target(const std::string& path, const char* property,
                                     std::size_t index = 0) const
    {
        const int node = fdt_node_offset_by_phandle(blob(), cells(path, property).at(index));
        char name[256] = "nothing";
        if (node >= 0 && fdt_get_path(blob(), node, name, sizeof name) != 0)
            ADD_FAILURE() << "no path";
        return name;
    }
    [[nodiscard]] bool disabled(const std::string& path) const
    {
        EXPECT_TRUE(has(path)) << path;
        return text(path, "status") == "disabled";
    }

private:
    [[nodiscard]] int offset(const std::string& path) const
    {
        return fdt_path_offset(blob(), path.c_str());
    }

    VmPlan plan_;
    Bytes blob_;
};

TEST(AnOwnTree, GetsCommandLineInitrdAndSeed)
{
    HostFacts facts = host_with(without_firmware());
    const std::string text = "memory = \"64M\"\nkernel = \"/g\"\ndtb = \"/d\"\ninitrd = \"/i\"\n"
                             "cmdline = \"console=ttyPS0\"\n";
    facts.random_seed.emplace();
    facts.random_seed->fill(std::byte{0x5a});
    const Read tree{text, facts};
    EXPECT_EQ(tree.text("/chosen", "bootargs"), "console=ttyPS0");
    const GuestRange& initrd = tree.plan().initrd->memory;
    EXPECT_EQ(tree.cells("/chosen", "linux,initrd-start"), fdt::two_cells({initrd.base.value}));
    EXPECT_EQ(tree.cells("/chosen", "linux,initrd-end"),
              fdt::two_cells({initrd.base.value + initrd.size}));
    EXPECT_EQ(tree.bytes("/chosen", "rng-seed"), std::string(32, '\x5a'));
    EXPECT_EQ(tree.cells("/chosen", "kaslr-seed"), (Cells{1, 2})) << "the file's own";
    EXPECT_EQ(tree.text("/chosen", "stdout-path"), "/axi/serial@ff000000") << "the file's own";

    // A generated one has the seed as well.
    const Read generated{"memory = \"64M\"\nkernel = \"/g\"\n", facts};
    EXPECT_EQ(generated.bytes("/chosen", "rng-seed"), std::string(32, '\x5a'));
}

TEST(AnOwnTree, KeepsItsCommandLineAndLosesWhatWasOfAnotherStart)
{
    const Read tree{plain, host_with(without_firmware())};
    EXPECT_EQ(tree.text("/chosen", "bootargs"), "of the file");
    for (const char* const stale : {"linux,initrd-start", "linux,initrd-end", "rng-seed"})
        EXPECT_FALSE(tree.bytes("/chosen", stale)) << stale;
}

TEST(AnOwnTree, HasTheRamOfTheMachine)
{
    const Read tree{plain, host_with(without_firmware())};
    EXPECT_EQ(tree.cells("/memory@0", "reg"), (Cells{0, 0, 0, 64 << 20}));
    EXPECT_EQ(tree.text("/memory@0", "device_type"), "memory");
    EXPECT_FALSE(tree.has("/highmem"));
    EXPECT_FALSE(tree.disabled("/reserved-memory/inside@200000"));
    EXPECT_TRUE(tree.disabled("/reserved-memory/half@3fff000"));
    EXPECT_TRUE(tree.disabled("/reserved-memory/outside@3ed00000"));

    std::vector<std::pair<std::uint64_t, std::uint64_t>> reserved;
    for (int index = 0; index < fdt_num_mem_rsv(tree.blob()); ++index)
    {
        auto& [address, size] = reserved.emplace_back();
        EXPECT_EQ(fdt_get_mem_rsv(tree.blob(), index, &address, &size), 0);
    }
    EXPECT_THAT(reserved, ElementsAre(std::pair{0x10'0000, 0x1000}, std::pair{0x3ff'f000, 0x1000}));
}

TEST(AnOwnTree, ReservesWhatNoDeviceReaches)
{
    HostFacts facts = host_with(without_firmware());
    facts.dma_holes = {{GuestAddr{0x200'0000}, 0x10'0000}};
    const std::string text = std::string{plain} + "gem0 = \"\"\n";
    const Read tree{text, facts};
    EXPECT_EQ(tree.cells("/reserved-memory/dma-hole@2000000", "reg"),
              (Cells{0, 0x200'0000, 0, 0x10'0000}));
    EXPECT_TRUE(tree.bytes("/reserved-memory/dma-hole@2000000", "no-map"));

    facts.dtb = DtbFile{make_tree(0x100)};
    const Read bare{text, facts};
    EXPECT_TRUE(bare.bytes("/reserved-memory", "ranges"));
    EXPECT_EQ(bare.cells("/reserved-memory/dma-hole@2000000", "reg"),
              (Cells{0, 0x200'0000, 0, 0x10'0000}));
}

TEST(AnOwnTree, HasTheCpusOfTheMachineAndNoOther)
{
    const Read tree{"memory = \"64M\"\nvcpus = 2\nkernel = \"/g\"\ndtb = \"/d\"\n",
                    host_with(without_firmware())};
    for (const char* const cpu : {"/cpus/cpu@0", "/cpus/cpu@1"})
    {
        EXPECT_EQ(tree.text(cpu, "enable-method"), "psci") << cpu;
        EXPECT_EQ(tree.text(cpu, "device_type"), "cpu") << cpu;
        for (const char* const gone : {"cpu-release-addr", "cpu-idle-states", "clocks"})
            EXPECT_FALSE(tree.bytes(cpu, gone)) << gone;
    }
    EXPECT_EQ(tree.cells("/cpus/cpu@0", "reg"), Cells{0});
    EXPECT_EQ(tree.cells("/cpus/cpu@1", "reg"), Cells{1});
    EXPECT_EQ(tree.target("/cpus/cpu@0", "next-level-cache"), "/cpus/l2-cache") << "stays";
    EXPECT_FALSE(tree.has("/cpus/cpu@3"));
    EXPECT_FALSE(tree.has("/cpus/cpu-map")) << "it named the one that is gone";
    EXPECT_EQ(tree.text("/psci", "method"), "hvc");
    EXPECT_EQ(tree.bytes("/psci", "compatible"), std::string("arm,psci-1.0\0arm,psci-0.2\0", 26));
    EXPECT_FALSE(tree.bytes("/psci", "cpu_on"));
    EXPECT_EQ(tree.cells("/timer", "interrupts"),
              (Cells{1, 13, 0x308, 1, 14, 0x308, 1, 11, 0x308, 1, 10, 0x308}));
    EXPECT_FALSE(tree.bytes("/timer", "clock-frequency"));
    EXPECT_FALSE(tree.disabled("/pmu"));
    EXPECT_EQ(tree.cells("/pmu", "interrupts"), (Cells{1, 7, 0x304}));

    const Read bare{"memory = \"64M\"\nvcpus = 2\nkernel = \"/g\"\ndtb = \"/d\"\n",
                    host_with(make_tree(0x100))};
    EXPECT_EQ(bare.text("/cpus/cpu@1", "compatible"), "arm,cortex-a53");
    EXPECT_EQ(bare.text("/psci", "method"), "hvc");
}

TEST(AnOwnTree, HasNoPmuWhereTheHostHasNoneForGuests)
{
    HostFacts facts = host_with(without_firmware());
    facts.cpu.pmu = false;
    const Read tree{plain, facts};
    EXPECT_TRUE(tree.disabled("/pmu"));
    EXPECT_THAT(tree.plan().dtb.absent, Contains("pmu"));
}

TEST(AnOwnTree, KeepsCpusOfTwoCells)
{
    const auto wide = edited(
        [](fdt::Draft& root)
        {
            root.children().remove_if([](const fdt::Draft& n) { return n.name() == "firmware"; });
            fdt::Draft& cpus = node_at(root, {"cpus"});
            cpus.set_cells("#address-cells", {2});
            node_at(cpus, {"cpu@0"}).set_cells("reg", {0, 0});
            node_at(cpus, {"cpu@3"}).set_cells("reg", {1, 1});
        });
    const Read tree{"memory = \"64M\"\nvcpus = 2\nkernel = \"/g\"\ndtb = \"/d\"\n",
                    host_with(wide)};
    EXPECT_EQ(tree.cells("/cpus/cpu@0", "reg"), (Cells{0, 0}));
    EXPECT_EQ(tree.cells("/cpus/cpu@1", "reg"), (Cells{0, 1}));
    EXPECT_FALSE(tree.has("/cpus/cpu@3")) << "another cluster's";
}

TEST(AnOwnTree, HasTheGicOfTheMachine)
{
    const Read tree{plain, host_with(without_firmware())};
    EXPECT_EQ(tree.cells("/axi/interrupt-controller@f9010000", "reg"),
              (Cells{0, 0xf901'0000, 0, 0x1000, 0, 0xf902'0000, 0, 0x2000}));
    EXPECT_FALSE(tree.disabled("/axi/interrupt-controller@f9010000"));
    EXPECT_FALSE(tree.bytes("/axi/interrupt-controller@f9010000", "interrupts"));
    EXPECT_TRUE(tree.disabled("/axi/interrupt-controller@f9010000/v2m@f9080000"));
}

TEST(AnOwnTree, HasWhatTheMachineHasNotDisabled)
{
    const Read tree{std::string{plain} + "ttc1 = \"ttc1\"\ni2c0 = \"\"\n",
                    host_with(without_firmware())};
    EXPECT_FALSE(tree.disabled("/axi/serial@ff000000"));
    EXPECT_FALSE(tree.disabled("/axi/i2c@ff020000")) << "there is something at the alias";
    EXPECT_FALSE(tree.disabled("/axi/i2c@ff020000/eeprom@54")) << "no address of a CPU";
    EXPECT_FALSE(tree.disabled("/near-bus/timer@120000")) << "by way of ranges";
    for (const char* const node :
         {"/axi/serial@ff010000", "/axi/iommu@fd800000", "/axi/ethernet@ff0e0000",
          "/axi/ethernet@ff0b0000", "/axi/usb@ff9d0000", "/near-bus/timer@130000"})
        EXPECT_TRUE(tree.disabled(node)) << node;
    EXPECT_FALSE(tree.disabled("/axi/usb@ff9d0000/usb@fe200000")) << "its parent is";
    EXPECT_THAT(tree.plan().dtb.absent,
                ElementsAre("half@3fff000", "outside@3ed00000", "v2m@f9080000",
                            "iommu@fd800000", "serial@ff010000", "ethernet@ff0e0000",
                            "ethernet@ff0b0000", "usb@ff9d0000", "timer@130000"));
    ASSERT_EQ(tree.plan().warnings.size(), 1U);
    EXPECT_EQ(to_string(tree.plan().warnings.front()),
              "vm.toml:3:7: dtb /d has nodes of what this VM has not, and the guest gets them "
              "disabled: half@3fff000, outside@3ed00000, v2m@f9080000, iommu@fd800000, "
              "serial@ff010000, ethernet@ff0e0000, ethernet@ff0b0000, usb@ff9d0000, timer@130000; "
              "nothing, or give it an alias of what it needs");
}

TEST(AnOwnTree, IsToldOfAliasesThatItHasDisabled)
{
    const Read tree{std::string{plain} + "ttc0 = \"ttc0\"\n", host_with(without_firmware())};
    EXPECT_THAT(tree.plan().dtb.asleep, ElementsAre("timer@ff110000"));
    EXPECT_TRUE(tree.disabled("/axi/timer@ff110000")) << "the file's owner decides";
    EXPECT_THAT(to_string(tree.plan().warnings.back()),
                AllOf(HasSubstr("timer@ff110000"), HasSubstr("status = \"okay\"")));
}

TEST(AnOwnTree, PointsAtNoFirmware)
{
    for (const Bytes& file : {without_firmware(), with_firmware_disabled()})
    {
        HostFacts facts = host_with(file);
        facts.clock_rates = {{57, 99'990'000}}; // uart1_ref
        const Read tree{plain, facts};
        const char* const uart = "/axi/serial@ff000000";
        EXPECT_EQ(tree.target(uart, "clocks"), "/aliasvm-clock-99990000") << "of the real device";
        EXPECT_EQ(tree.target(uart, "clocks", 1), "/aliasvm-clock-100000000");
        EXPECT_EQ(tree.cells("/aliasvm-clock-99990000", "clock-frequency"), Cells{99'990'000});
        EXPECT_EQ(tree.cells("/aliasvm-clock-99990000", "#clock-cells"), Cells{0});
        EXPECT_EQ(tree.bytes(uart, "clock-names"), std::string("uart_clk\0pclk\0", 14));
        for (const char* const gone : {"power-domains", "resets", "reset-names", "assigned-clocks",
                                       "assigned-clock-rates", "pinctrl-0", "pinctrl-names"})
            EXPECT_FALSE(tree.bytes(uart, gone)) << gone;
    }
}

TEST(AnOwnTree, KeepsClocksOfItsOwn)
{
    const Read tree{"memory = \"64M\"\nkernel = \"/g\"\ndtb = \"/d\"\n[alias]\nuart1 = \"uart1\"\n",
                    host_with(without_firmware())};
    EXPECT_EQ(tree.target("/axi/serial@ff010000", "clocks", 1), "/ref48M");
    EXPECT_FALSE(tree.has("/aliasvm-clock-100000000"));
}

TEST(AnOwnTree, HasMacAddressAndPhyOfItsInterfaces)
{
    const std::string gems =
        "memory = \"64M\"\nkernel = \"/g\"\ndtb = \"/d\"\n"
        "[alias.gem3]\ninstance = \"\"\nmac = \"02:00:00:00:00:07\"\nphy = 12\n"
        "[alias.gem0]\ninstance = \"\"\nphy = 3\n";
    const Read tree{gems, host_with(without_firmware())};
    const char* const gem3 = "/axi/ethernet@ff0e0000";
    EXPECT_EQ(tree.bytes(gem3, "local-mac-address"), std::string("\x02\0\0\0\0\x07", 6));
    EXPECT_FALSE(tree.bytes(gem3, "mac-address")) << "a driver would take it first";
    EXPECT_EQ(tree.target(gem3, "phy-handle"), "/axi/ethernet@ff0e0000/mdio/ethernet-phy@c");
    EXPECT_EQ(tree.cells("/axi/ethernet@ff0e0000/mdio/ethernet-phy@c", "ti,fifo-depth"), Cells{1});
    EXPECT_FALSE(tree.bytes(gem3, "iommus"));
    EXPECT_EQ(tree.target(gem3, "clocks", 1), "/aliasvm-clock-125000000")
        << "one was the firmware's";

    const char* const gem0 = "/axi/ethernet@ff0b0000";
    EXPECT_EQ(tree.bytes(gem0, "local-mac-address"),
              std::string(reinterpret_cast<const char*>(
                              alias_of(tree.plan(), "gem0").ethernet->mac.octets.data()),
                          6));
    EXPECT_EQ(tree.target(gem0, "phy-handle"), "/axi/ethernet@ff0b0000/mdio/ethernet-phy@3");
    EXPECT_FALSE(tree.has("/axi/ethernet@ff0b0000/fixed-link"));

    const Read link{"memory = \"64M\"\nkernel = \"/g\"\ndtb = \"/d\"\n[alias]\ngem3 = \"\"\n",
                    host_with(without_firmware())};
    EXPECT_EQ(link.target(gem3, "phy-handle"), "/axi/ethernet@ff0e0000/mdio/ethernet-phy@c")
        << "without phy, the file's own";
}

TEST(AnOwnTree, WithItsFirmwareEnabledIsRefused)
{
    EXPECT_EQ(
        problems_of(plain, host_with(board())),
        "vm.toml:3:7: dtb /d has /firmware/zynqmp-firmware enabled (xlnx,zynqmp-firmware), but "
        "behind SMC is no firmware for a guest; delete the node (fdtput -r FILE "
        "/firmware/zynqmp-firmware), or disable it (fdtput -t s FILE "
        "/firmware/zynqmp-firmware status disabled)\n");
    EXPECT_EQ(problems_of(plain, host_with(with_firmware_disabled())), "");
}

TEST(AnOwnTree, OfAnotherFormIsRefused)
{
    const auto refusal = [](const std::function<void(fdt::Draft&)>& edit, std::string text = plain)
    {
        return problems_of(text,
                           host_with(edited(
                               [&](fdt::Draft& root)
                               {
                                   root.children().remove_if([](const fdt::Draft& n)
                                                             { return n.name() == "firmware"; });
                                   edit(root);
                               })));
    };
    EXPECT_THAT(refusal([](fdt::Draft& root) { root.set_cells("#address-cells", {3}); }),
                HasSubstr("vm.toml:3:7: dtb /d has cell counts other than 1 and 2 at its root; "));
    EXPECT_THAT(refusal([](fdt::Draft& root) { root.set_cells("#size-cells", {1}); },
                        "memory = \"6G\"\nkernel = \"/g\"\ndtb = \"/d\"\n"),
                HasSubstr("too little for the RAM"));
    EXPECT_THAT(refusal(
                    [](fdt::Draft& root) {
                        node_at(root, {"axi"}).set_cells("ranges", {0, 0, 0, 0, 0, 0x1000});
                    }),
                HasSubstr("has interrupt-controller@f9010000 on a bus"));
    EXPECT_THAT(
        refusal([](fdt::Draft& root) { node_at(root, {"ref48M"}).set_cells("phandle", {0xffff'fffe}); }),
        HasSubstr("phandles up to the largest"));
    EXPECT_THAT(refusal(
                    [](fdt::Draft& root)
                    {
                        fdt::Draft* node = &root;
                        for (unsigned depth = 0; depth <= fdt::Draft::deepest; ++depth)
                            node = &node->add("n");
                    }),
                HasSubstr("more than 64 deep"));
}

/// The board's own, on a clock of the firmware's.
Bytes with_a_clock()
{
    return edited(
        [](fdt::Draft& root)
        {
            root.children().remove_if([](const fdt::Draft& node)
                                      { return node.name() == "firmware"; });
            fdt::Draft& rtc = node_at(root, {"axi"}).add("rtc@ffa60000");
            rtc.set_strings("compatible", {"xlnx,zynqmp-rtc"});
            rtc.set_cells("reg", {0, 0xffa6'0000, 0, 0x100});
            rtc.set_cells("interrupts", {0, 26, 1, 0, 27, 1});
            rtc.set_strings("interrupt-names", {"alarm", "sec"});
            rtc.set_cells("clocks", {0x77});
            rtc.set_strings("clock-names", {"rtc"});
        });
}

TEST(AnOwnTree, KeepsItsClockForAnAliasAndElseDisablesIt)
{
    const std::string rtc = "/axi/rtc@ffa60000";
    const Read without{plain, host_with(with_a_clock())};
    EXPECT_TRUE(without.disabled(rtc));
    EXPECT_THAT(without.plan().dtb.absent, Contains("rtc@ffa60000"));

    const Read tree{std::string{plain} + "rtc = \"clock\"\n", host_with(with_a_clock())};
    EXPECT_FALSE(tree.disabled(rtc));
    EXPECT_THAT(tree.plan().dtb.absent, Not(Contains("rtc@ffa60000")));
    EXPECT_THAT(tree.plan().dtb.untold, Not(Contains("rtc")));
    EXPECT_EQ(tree.cells(rtc, "reg"), (Cells{0, 0xffa6'0000, 0, 0x100}));
    EXPECT_EQ(tree.cells(rtc, "interrupts"), (Cells{0, 26, 4, 0, 27, 4}));
    EXPECT_EQ(tree.bytes(rtc, "clocks"), std::nullopt) << "it leads nowhere, and there is none";
    EXPECT_EQ(tree.bytes(rtc, "clock-names"), std::nullopt);
}

} // namespace
} // namespace aliasvm::plan
