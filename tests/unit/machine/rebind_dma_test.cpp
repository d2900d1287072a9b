// SPDX-License-Identifier: Apache-2.0
// Bus masters that come and go: what their DMA reaches, and that it has stopped before that.
#include "common/registers/gem.hpp"
#include "tests/unit/machine/rebind_bench.hpp"

#include <cerrno>
#include <cstdint>

#include <gmock/gmock.h>

namespace
{

using namespace aliasvm;
using namespace aliasvm::tests;
using namespace aliasvm::registers::gem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t both = receive_enable | transmit_enable;

/// Plain memory, that a GEM's driver has set up.
class ABusMaster : public RebindBench
{
protected:
    ABusMaster() { at(network_status) = phy_management_idle; }

    fakes::DeviceModel& gem() { return host.device(gem1); }

    volatile std::uint32_t& at(std::uint32_t offset)
    {
        return *reinterpret_cast<volatile std::uint32_t*>(gem().registers(0) + offset);
    }

    static plan::AliasPlan wanted()
    {
        auto alias = gem_alias("gem0", 0xff0b'0000, gem1);
        alias.compatible = {"xlnx,zynqmp-gem"};
        return alias;
    }

    void set_up()
    {
        at(network_control) = both;
        at(transmit_queue) = 0x1000;
        at(receive_queue) = 0x2000;
        at(transmit_status) = 0; // plain memory keeps what clears it in a GEM
    }
};

TEST_F(ABusMaster, ReachesGuestMemoryWhileItIsThere)
{
    auto second = gem_alias("gem1", 0xff0d'0000, gem2);
    second.lines[0].guest = *Spi::from_dt_cell(59);
    second.lines[1].guest = *Spi::from_dt_cell(60);
    const auto& other = host.device(gem2);
    const auto machine = power_on(plan_of({gem_alias("gem0", 0xff0b'0000), second, uart()}));
    EXPECT_EQ(other.dma.size(), 1U);
    EXPECT_THAT(gem().dma, IsEmpty());
    machine->attach(wanted(), at_rest, host);
    EXPECT_EQ(gem().dma, other.dma) << "each has all of it";
    machine->detach("gem1");
    EXPECT_THAT(other.dma, IsEmpty());
    EXPECT_EQ(gem().dma.size(), 1U);
    machine->detach("gem0");
    EXPECT_THAT(gem().dma, IsEmpty());
    EXPECT_THAT(device().dma, IsEmpty()) << "a UART does none";
}

TEST_F(ABusMaster, HasAllBanksMappedOrNoneAndUnmappedOrNone)
{
    auto plan = plan_of({gem_alias("gem0", 0xff0b'0000)});
    plan.memory.push_back({{{0x1000'0000}, mebibyte}, true, {}});
    plan.memory.push_back({{{0x2000'0000}, mebibyte}, true, {}});
    const auto machine = power_on(plan);
    const auto wanted = gem_alias("gem0", 0xff0b'0000, gem1);
    using Call = fakes::DeviceModel::Call;
    for (unsigned n = 0; n < 3; ++n)
    {
        gem().fail(Call::map_memory, ENOMEM, n);
        EXPECT_EQ(error_of([&] { machine->attach(wanted, at_rest, host); }), ENOMEM);
        EXPECT_THAT(gem().dma, IsEmpty()) << n;
    }
    machine->attach(wanted, at_rest, host);
    const auto reached = gem().dma;
    EXPECT_EQ(reached.size(), 3U);
    for (unsigned n = 0; n < 3; ++n)
    {
        gem().fail(Call::unmap_memory, EIO, n);
        EXPECT_EQ(error_of([&] { machine->detach("gem0"); }), EIO);
        EXPECT_THAT(gem().dma, testing::UnorderedElementsAreArray(reached)) << n;
    }
    machine->detach("gem0");
    EXPECT_THAT(gem().dma, IsEmpty());
}

TEST_F(ABusMaster, IsRefusedWhereTheIommuReservesWhatTheGuestWasNotTold)
{
    auto plan = plan_of({gem_alias("gem0", 0xff0b'0000)});
    plan.memory.push_back({{{0x0800'0000}, 4 * mebibyte}, true, {}});
    std::string told;
    {
        const auto machine = power_on(plan);
        EXPECT_EQ(error_of([&] { machine->attach(wanted(), at_rest, host); }, &told), ERANGE);
        EXPECT_THAT(
            told, AllOf(HasSubstr("give guest memory to it"),
                        HasSubstr("guest 0x8000000..0x80fffff to the DMA of " + std::string{gem1}),
                        HasSubstr("restart the VM")));
        EXPECT_THAT(gem().dma, IsEmpty());
        EXPECT_FALSE(gem().opened());
    }
    plan.dma_holes = {{{0x0800'0000}, mebibyte}};
    const auto machine = power_on(plan);
    machine->attach(wanted(), at_rest, host);
    EXPECT_EQ(gem().dma.size(), 2U);
}

TEST_F(ABusMaster, StopsBeforeItsMemoryGoes)
{
    auto machine = power_on(plan_of({wanted()}));
    set_up();
    std::vector<std::uint32_t> control;
    gem().on_call = [&](const std::string& call)
    {
        if (call == "unmap_memory")
            control.push_back(std::uint32_t{at(network_control)});
    };
    machine->detach("gem0");
    EXPECT_THAT(control, ElementsAre(0U));
    machine->attach(wanted(), at_rest, host);
    set_up();
    control.clear();
    machine.reset();
    EXPECT_THAT(control, ElementsAre(0U)) << "at the machine's end, too";
    gem().on_call = nullptr;
}

TEST_F(ABusMaster, IsSetAsTheGuestHadItWhenAMoveHasFailed)
{
    const auto machine = power_on(plan_of({wanted()}));
    set_up();
    machine->detach("gem0");
    EXPECT_EQ(at(receive_queue), 0U);
    machine->attach(wanted(), as_left, host);
    EXPECT_EQ(at(network_control), both);
    EXPECT_EQ(at(receive_queue), 0x2000U);
    EXPECT_EQ(gem().dma.size(), 1U);
    at(transmit_status) = 0;
    machine->detach("gem0");
    machine->attach(wanted(), at_rest, host);
    EXPECT_EQ(at(network_control), 0U) << "it comes to start anew";
}

TEST_F(ABusMaster, ThatWasNotThereIsNotSetToAnothersSettings)
{
    const auto machine = power_on(plan_of({wanted()}));
    set_up();
    machine->detach("gem0");
    auto other = wanted();
    other.sysname = gem2;
    other.instance = "gem2";
    machine->attach(other, as_left, host);
    EXPECT_EQ(host.device(gem2).registers(0)[receive_queue + 1], std::byte{0});
}

TEST_F(ABusMaster, ThatDoesNotStopStaysWhereItIs)
{
    const auto machine = power_on(plan_of({wanted()}));
    set_up();
    at(transmit_status) = transmit_go;
    const State before = state(*machine, system.vm(), gem(), 2);
    std::string told;
    EXPECT_EQ(error_of([&] { machine->detach("gem0"); }, &told), EBUSY);
    EXPECT_THAT(told, HasSubstr("bring it to rest: stop the DMA of"));
    EXPECT_TRUE(state(*machine, system.vm(), gem(), 2) == before);
    EXPECT_EQ(at(network_control), both);
    EXPECT_EQ(at(transmit_queue), 0x1000U);
    expect_served(*machine, gem(), system.vm(), gem_spi);
}

} // namespace
