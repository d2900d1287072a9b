// SPDX-License-Identifier: Apache-2.0
// RAM of VMs whose DMA nothing confines: given when allowed, kept as long as it can be written to.
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "tests/unit/service/daemon_bench.hpp"

#include <fstream>

#include <gmock/gmock.h>

namespace aliasvm::service
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t bytes = 0x40'0000;
constexpr std::uint32_t gem_control = 0x0;
constexpr std::uint32_t gem_enabled = 0xc; ///< receiver and transmitter

constexpr const char* identity = "dma = \"identity\"\n";

class IdentityRam : public ADaemon
{
protected:
    IdentityRam()
    {
        allow("allow_identity_dma = true\n");
        write_config("left", "gem0 = \"gem1\"", identity);
        service_->reload();
    }

    void allow(const std::string& text) { std::ofstream{folder_ / "etc/aliasvmd.toml"} << text; }

    /// What the VM is told of its RAM, or the error.
    std::string ram_of(const std::string& name)
    {
        std::string answer;
        run(
            [](FakeVmm& vmm, std::string& text) -> boost::asio::awaitable<void>
            {
                try
                {
                    text = co_await vmm.acquire_memory(bytes);
                }
                catch (const bus::NamedError& error)
                {
                    text = error.name() + ": " + error.what();
                }
            }(*vmms_.at(name), answer));
        return answer;
    }

    /// A VM that runs with RAM and a GEM that does DMA.
    void boot_with_ram(const std::string& name, const std::string& gem = "gem1")
    {
        boot(name, {"gem0"},
             [&] { EXPECT_EQ(ram_of(name), "0x10000000+0x200000 0x40000000+0x200000"); });
        devices_.at(gem, gem_control) = gem_enabled;
        devices_.clear_transmit_status(gem);
    }

    [[nodiscard]] bool gem_at_rest()
    {
        return (devices_.at("gem1", gem_control) & gem_enabled) == 0;
    }
};

TEST_F(IdentityRam, IsRefusedUnlessTheHostAllowsIt)
{
    allow("");
    std::string refused;
    boot("left", {}, [&] { refused = ram_of("left"); });
    EXPECT_THAT(refused, HasSubstr(bus::error_name::identity_not_allowed));
    EXPECT_THAT(refused, HasSubstr("write allow_identity_dma = true in "));
    EXPECT_THAT(refused, HasSubstr("aliasvmd.toml"));
    EXPECT_THAT(memory_.files, IsEmpty());
}

TEST_F(IdentityRam, IsRefusedWithTheMistakesOfTheHostsConfiguration)
{
    allow("allow_identity_dma = \"yes\"\n");
    boot("left", {}, [this] { EXPECT_THAT(ram_of("left"), HasSubstr("aliasvmd.toml:1:")); });
}

TEST_F(IdentityRam, IsWhatAMasterBehindNoIommuGoesTo)
{
    write_config("right", "gem0 = \"\"");
    service_->reload();
    boot("right");
    const std::string refused = assign("gem0", "right", "gem0");
    EXPECT_THAT(refused, HasSubstr(bus::error_name::no_iommu));
    EXPECT_THAT(refused, HasSubstr("write dma = \"identity\" in "));
    EXPECT_FALSE(devices_.bound_ones.contains("gem0")) << "as before";
    boot("left", {}, [this] { EXPECT_THAT(ram_of("left"), HasSubstr("0x10000000")); });
    until([this] { return device_property("gem1", "Owner") == "left"; });
}

TEST_F(IdentityRam, IsNoUseToAMasterBehindAnIommu)
{
    devices_.has_iommu = true;
    boot("left", {}, [this] { EXPECT_THAT(ram_of("left"), HasSubstr("0x10000000")); });
    EXPECT_THAT(assign("gem1", "left", "gem0"), HasSubstr("would stop its DMA at identity"));
    write_config("right", "gem0 = \"\"");
    service_->reload();
    boot("right");
    EXPECT_EQ(assign("gem1", "right", "gem0"), "");
}

TEST_F(IdentityRam, IsFreedWhenTheMastersOfADeadVmAreAtRest)
{
    boot_with_ram("left");
    vmms_.at("left")->lose_connection(); // killed, and its process has the GEM open still
    units_.set(*VmName::from("left"), "failed");
    until([&] { return device_property("gem1", "State") == "returning"; });
    EXPECT_THAT(memory_.kept(), ElementsAre("left"));
    EXPECT_FALSE(gem_at_rest());
    devices_.elsewhere.erase("gem1");
    until([&] { return memory_.files.empty(); });
    EXPECT_TRUE(gem_at_rest());
}

TEST_F(IdentityRam, IsKeptWhileAMasterIsBlocked)
{
    boot_with_ram("left");
    devices_.at("gem1", 0x8) = 0; // its MDIO never comes to rest
    end("left", "failed");
    until([&] { return device_property("gem1", "State") == "blocked"; });
    EXPECT_THAT(memory_.kept(), ElementsAre("left"));
    boot("left", {},
         [this] { EXPECT_THAT(ram_of("left"), HasSubstr(bus::error_name::device_blocked)); });
    EXPECT_THAT(memory_.kept(), ElementsAre("left"));
}

TEST_F(IdentityRam, OutlivesDaemonAndVmUntilTheNextDaemonHasStoppedTheDma)
{
    boot_with_ram("left");
    kill_daemon();
    vmms_.at("left")->die();
    units_.set(*VmName::from("left"), "failed");
    EXPECT_THAT(memory_.kept(), ElementsAre("left"));
    EXPECT_FALSE(gem_at_rest());
    start_daemon();
    EXPECT_TRUE(gem_at_rest());
    EXPECT_THAT(memory_.files, IsEmpty());
}

TEST_F(IdentityRam, OfARestartedVmIsNewAndTheOldOneFreedAfterTheDmaHasStopped)
{
    boot_with_ram("left");
    kill_daemon();
    vmms_.at("left")->die();
    units_.set(*VmName::from("left"), "activating"); // systemd starts it again at once
    start_daemon();
    EXPECT_TRUE(gem_at_rest());
    EXPECT_THAT(memory_.kept(), ElementsAre("left")) << "it will ask";
    memory_.acts.clear();
    boot("left", {"gem0"}, [this] { EXPECT_THAT(ram_of("left"), HasSubstr("0x10000000")); });
    EXPECT_THAT(memory_.acts, ElementsAre("free left", "provide left"));
}

TEST_F(IdentityRam, HasAPlaceInTheGuestThatIsKnownWhileItIsThere)
{
    EXPECT_EQ(machine_property("left", "MemoryBanks"), "[]");
    boot_with_ram("left");
    EXPECT_EQ(machine_property("left", "MemoryBanks"),
              "[(268435456 2097152 1) (1073741824 2097152 1)]");
    kill_daemon();
    start_daemon();
    EXPECT_EQ(machine_property("left", "MemoryBanks"),
              "[(268435456 2097152 1) (1073741824 2097152 1)]");
    write_config("right", "");
    service_->reload();
    EXPECT_EQ(machine_property("right", "MemoryBanks"), "[(0 33554432 0)]");
}

TEST_F(IdentityRam, OfOneVmIsNotAnothersConcern)
{
    write_config("right", "gem0 = \"gem0\"", identity);
    service_->reload();
    boot_with_ram("left");
    boot_with_ram("right", "gem0");
    end("right");
    until([&] { return !memory_.files.contains("right"); });
    EXPECT_THAT(memory_.kept(), ElementsAre("left"));
    EXPECT_FALSE(gem_at_rest()) << "it is left's, which runs";
}

} // namespace
} // namespace aliasvm::service
