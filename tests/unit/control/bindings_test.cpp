// SPDX-License-Identifier: Apache-2.0
// Bindings: what may stand behind an alias while a machine runs, and the names of what may not.
#include "vmm/control/bindings.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"
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

Bindings bindings_of(const std::string& text)
{
    plan::Config config = config_of(text);
    auto made = plan::make_plan(config, plan::zynqmp(), plan::good_host());
    if (const auto* problems = std::get_if<Problems>(&made))
        throw std::runtime_error{to_string(problems->front())};
    return {std::move(config), std::get<plan::VmPlan>(std::move(made)), plan::zynqmp()};
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

std::string refusal_to_attach(const Bindings& bindings, const char* alias, const char* instance)
{
    return refusal([&] { static_cast<void>(bindings.plan_attach(alias, instance)); });
}

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

TEST(Bindings, MoveAnInstanceFromOneAliasToTheOther)
{
    Bindings bindings = bindings_of(vm);
    bindings.require_instance("uart0");
    bindings.detached("uart0");
    const plan::AliasPlan wanted = bindings.plan_attach("uart1", "uart1");
    EXPECT_EQ(wanted.sysname, "ff010000.serial");
    EXPECT_EQ(wanted.windows.at(0).guest.base.value, 0xff01'0000U);
    bindings.attached(wanted);
    EXPECT_EQ(plan::make_plan(config_of(vm), plan::zynqmp(), plan::good_host()).index(), 0U);
    EXPECT_EQ(bindings.plan().aliases[0].backing, plan::Backing::none);
    EXPECT_FALSE(bindings.plan().aliases[0].windows.at(0).host);
    EXPECT_FALSE(bindings.plan().aliases[0].lines.at(0).host);
    EXPECT_EQ(bindings.plan().aliases[1].instance, "uart1");
}

TEST(Bindings, KeepTheGuestsSideOfAnAlias)
{
    Bindings bindings = bindings_of(vm);
    const plan::AliasPlan before = bindings.plan().aliases[0];
    bindings.detached("uart0");
    const plan::AliasPlan wanted = bindings.plan_attach("uart0", "uart0");
    EXPECT_EQ(wanted.windows.at(0).guest, before.windows.at(0).guest);
    EXPECT_EQ(wanted.lines.at(0).guest, before.lines.at(0).guest);
    EXPECT_EQ(wanted.sysname, "ff000000.serial");
    EXPECT_NE(wanted.lines.at(0).host, before.lines.at(0).host);
}

TEST(Bindings, NameWhatCannotBe)
{
    const Bindings bindings = bindings_of(vm);
    EXPECT_EQ(refusal_to_attach(bindings, "can0", "can1"),
              "org.aliasvm1.Error.NoSuchAlias: vm has no alias can0; what it has: "
              "uart0=uart1(ff010000.serial) uart1=nothing gem0=nothing mine=ttc1(ff120000.timer) "
              "gpio=power-key");
    EXPECT_EQ(refusal_to_attach(bindings, "uart0", "uart0"),
              "org.aliasvm1.Error.AliasInUse: alias uart0 of vm is taken: "
              "uart0=uart1(ff010000.serial)");
    EXPECT_EQ(refusal_to_attach(bindings, "gpio", "gpio"),
              "org.aliasvm1.Error.AliasInUse: alias gpio of vm is taken: gpio=power-key");
    EXPECT_EQ(refusal_to_attach(bindings, "uart1", "uart1"),
              "org.aliasvm1.Error.DeviceBusy: uart1 is behind alias uart0 of vm already");
    EXPECT_EQ(refusal_to_attach(bindings, "uart1", "gem0"),
              "org.aliasvm1.Error.AliasMismatch: alias uart1 is a xlnx,zynqmp-uart, but gem0 is a "
              "xlnx,zynqmp-gem");
    for (const char* const no_device : {"uart9", "console", "power-key", ""})
        EXPECT_EQ(refusal_to_attach(bindings, "uart1", no_device),
                  std::string{"org.aliasvm1.Error.NoSuchDevice: there is no device "} + no_device);
    EXPECT_EQ(
        refusal([&] { bindings.require_instance("uart1"); }),
        "org.aliasvm1.Error.WrongState: no device is behind alias uart1 of vm: uart1=nothing");
    EXPECT_EQ(
        refusal([&] { bindings.require_instance("gpio"); }),
        "org.aliasvm1.Error.WrongState: no device is behind alias gpio of vm: gpio=power-key");
}

TEST(Bindings, HoldAnAliasOfItsOwnNameToWhatItWasAtFirst)
{
    Bindings bindings = bindings_of(vm);
    bindings.detached("mine");
    EXPECT_EQ(refusal_to_attach(bindings, "mine", "ttc0"), "");
    EXPECT_NE(refusal_to_attach(bindings, "mine", "uart0"), "");
    EXPECT_EQ(refusal_to_attach(bindings, "mine", "gem1").substr(0, 32),
              "org.aliasvm1.Error.AliasMismatch");
    bindings.attached(bindings.plan_attach("mine", "ttc0"));
    bindings.detached("mine");
    EXPECT_EQ(refusal_to_attach(bindings, "mine", "ttc1"), "");
}

TEST(Bindings, KnowThePhysicalConsole)
{
    Bindings bindings = bindings_of(vm);
    ASSERT_NE(bindings.physical_console(), nullptr);
    EXPECT_EQ(bindings.physical_console()->name, "uart0");
    bindings.detached("uart0");
    EXPECT_EQ(bindings.physical_console(), nullptr);
}

} // namespace
