// SPDX-License-Identifier: Apache-2.0
// Bindings: what may stand behind an alias while a machine runs, and the names of what may not.
#include "vmm/control/bindings.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"
#include "tests/unit/machine/machine_bench.hpp"
#include "tests/unit/plan/plan_fixture.hpp"

namespace
{

using namespace aliasvm;
using control::Bindings;

constexpr const char* vm = R"(memory = "64M"
kernel = "/kernel"
[alias]
uart0 = "uart1"
uart1 = ""
gem0 = ""
[alias.mine]
instance = "ttc1"
address = 0xff20_0000
spis = [100, 101, 102]
)";

plan::Config config_of(const std::string& text)
{
    return plan::parse_config(text, "vm.toml", *VmName::from("vm"));
}

template <class Act>
std::string refusal(Act act)
{
    try
    {
        act();
    }
    catch (const bus::NamedError& error)
    {
        return error.name() + ": " + error.what();
    }
    return "";
}

/// A machine, stopped, whose aliases are the ones to be judged.
class ABinding : public tests::MachineBench
{
protected:
    ABinding()
    {
        for (const char* const name : {"ff000000.serial", "ff010000.serial"})
            host.add(name);
        const vfio::Irq level{.automasked = true};
        for (const char* const name : {"ff110000.timer", "ff120000.timer"})
            host.add(name, {{page_size, true}}, {level, level, level});
        auto made = plan::make_plan(config_of(vm), plan::zynqmp(), plan::good_host());
        auto& plan = std::get<plan::VmPlan>(made);
        plan.kernel = plan_of({}).kernel;
        machine = construct(plan);
    }

    plan::AliasPlan plan_attach(const char* alias, const char* instance) const
    {
        return bindings.plan_attach(machine->aliases(), alias, instance);
    }
    void attach(const plan::AliasPlan& wanted)
    {
        machine->attach(wanted, quiesce::Settings::at_rest, host);
    }
    std::string refusal_to_attach(const char* alias, const char* instance) const
    {
        return refusal([&] { static_cast<void>(plan_attach(alias, instance)); });
    }
    std::string refusal_to_detach(const char* alias) const
    {
        return refusal([&] { bindings.require_instance(machine->aliases(), alias); });
    }

    const Bindings bindings{config_of(vm), plan::zynqmp(), {}};
    std::unique_ptr<machine::Machine> machine;
};

TEST(ApplyBindings, PutsTheDaemonsInstancesInPlaceOfTheFiles)
{
    plan::Config config = config_of(vm);
    control::apply_bindings(config, {{"uart0", ""}, {"gem0", "gem3"}});
    EXPECT_EQ(config.aliases[0].instance.value, "");
    EXPECT_EQ(config.aliases[1].instance.value, "");
    EXPECT_EQ(config.aliases[2].instance.value, "gem3");
    EXPECT_EQ(config.aliases[3].instance.value, "ttc1");
}

TEST(ApplyBindings, DoesNotKnowAliasesThatTheFileHasNot)
{
    plan::Config config = config_of(vm);
    try
    {
        control::apply_bindings(config, {{"ttc0", "ttc1"}});
        ADD_FAILURE() << "applied";
    }
    catch (const Error& error)
    {
        EXPECT_EQ(
            std::string{error.what()}.substr(0, 78),
            "put \"ttc1\" behind ttc0, as aliasvmd says: vm.toml has no such alias; if its co");
    }
}

TEST_F(ABinding, MovesFromOneAliasToTheOther)
{
    EXPECT_EQ(refusal_to_detach("uart0"), "");
    machine->detach("uart0");
    const plan::AliasPlan wanted = plan_attach("uart1", "uart1");
    EXPECT_EQ(wanted.sysname, "ff010000.serial");
    EXPECT_EQ(wanted.windows.at(0).guest.base.value, 0xff01'0000U);
    attach(wanted);
    const auto aliases = machine->aliases();
    EXPECT_EQ(aliases[0].backing, plan::Backing::none);
    EXPECT_FALSE(aliases[0].windows.at(0).host);
    EXPECT_FALSE(aliases[0].lines.at(0).host);
    EXPECT_EQ(aliases[1].instance, "uart1");
}

TEST_F(ABinding, KeepsTheGuestsSideOfAnAlias)
{
    const plan::AliasPlan before = machine->aliases()[0];
    machine->detach("uart0");
    const plan::AliasPlan wanted = plan_attach("uart0", "uart0");
    EXPECT_EQ(wanted.windows.at(0).guest, before.windows.at(0).guest);
    EXPECT_EQ(wanted.lines.at(0).guest, before.lines.at(0).guest);
    EXPECT_EQ(wanted.sysname, "ff000000.serial");
    EXPECT_NE(wanted.lines.at(0).host, before.lines.at(0).host);
}

TEST_F(ABinding, IsRefusedByName)
{
    EXPECT_EQ(refusal_to_attach("can0", "can1"),
              "org.aliasvm1.Error.NoSuchAlias: vm has no alias can0; what it has: "
              "uart0=uart1(ff010000.serial) uart1=nothing gem0=nothing mine=ttc1(ff120000.timer) "
              "gpio=power-key");
    EXPECT_EQ(refusal_to_attach("uart0", "uart0"),
              "org.aliasvm1.Error.AliasInUse: alias uart0 of vm is taken: "
              "uart0=uart1(ff010000.serial)");
    EXPECT_EQ(refusal_to_attach("gpio", "gpio"),
              "org.aliasvm1.Error.AliasInUse: alias gpio of vm is taken: gpio=power-key");
    EXPECT_EQ(refusal_to_attach("uart1", "uart1"),
              "org.aliasvm1.Error.DeviceBusy: uart1 is behind alias uart0 of vm already");
    EXPECT_EQ(refusal_to_attach("uart1", "gem0"),
              "org.aliasvm1.Error.AliasMismatch: alias uart1 is a xlnx,zynqmp-uart, but gem0 is a "
              "xlnx,zynqmp-gem");
    for (const char* const no_device : {"uart9", "console", "power-key", "clock", "rtc", ""})
        EXPECT_EQ(refusal_to_attach("uart1", no_device),
                  std::string{"org.aliasvm1.Error.NoSuchDevice: there is no device "} + no_device);
    EXPECT_EQ(
        refusal_to_detach("uart1"),
        "org.aliasvm1.Error.WrongState: no device is behind alias uart1 of vm: uart1=nothing");
    EXPECT_EQ(
        refusal_to_detach("gpio"),
        "org.aliasvm1.Error.WrongState: no device is behind alias gpio of vm: gpio=power-key");
}

TEST_F(ABinding, HoldsAnAliasOfItsOwnNameToWhatItWasAtFirst)
{
    machine->detach("mine");
    EXPECT_EQ(refusal_to_attach("mine", "ttc0"), "");
    EXPECT_NE(refusal_to_attach("mine", "uart0"), "");
    EXPECT_EQ(refusal_to_attach("mine", "gem1").substr(0, 32), "org.aliasvm1.Error.AliasMismatch");
    attach(plan_attach("mine", "ttc0"));
    machine->detach("mine");
    EXPECT_EQ(refusal_to_attach("mine", "ttc1"), "");
}

TEST_F(ABinding, KnowsThePhysicalConsole)
{
    const auto before = machine->aliases();
    ASSERT_NE(bindings.physical_console(before), nullptr);
    EXPECT_EQ(bindings.physical_console(before)->name, "uart0");
    machine->detach("uart0");
    EXPECT_EQ(bindings.physical_console(machine->aliases()), nullptr);
}

} // namespace
