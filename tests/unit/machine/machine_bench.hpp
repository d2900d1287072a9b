// SPDX-License-Identifier: Apache-2.0
// MachineBench: plans of small machines, and the fakes to power them on with.
#pragma once

#include "tests/fakes/fake_kvm.hpp"
#include "tests/fakes/fake_vfio.hpp"
#include "tests/unit/machine/temporary_file.hpp"
#include "vmm/machine/machine.hpp"

#include <poll.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace aliasvm::tests
{

inline constexpr std::uint64_t mebibyte = 1U << 20;
inline constexpr Spi uart_spi = *Spi::from_dt_cell(21);
inline constexpr GuestRange uart_window{{0xff00'0000}, 0x1000};

struct TextSink final : devices::UartSink
{
    void put(std::span<const std::byte> bytes) noexcept override
    {
        for (const std::byte b : bytes)
            text.push_back(static_cast<char>(b));
    }
    void attention() noexcept override {}
    std::string text;
};

inline plan::AliasPlan uart_alias(plan::Backing backing)
{
    plan::AliasPlan alias;
    alias.name = "uart0";
    alias.backing = backing;
    if (backing == plan::Backing::instance)
        alias.sysname = "ff010000.serial";
    alias.windows.push_back({uart_window, {}, 0});
    alias.lines.push_back({uart_spi, {}, Trigger::level, 0});
    return alias;
}

inline plan::AliasPlan power_key()
{
    plan::AliasPlan alias;
    alias.name = "gpio";
    alias.backing = plan::Backing::power_key;
    alias.windows.push_back({{{0xff0a'0000}, 0x1000}, {}, 0});
    alias.lines.push_back({*Spi::from_dt_cell(16), {}, Trigger::level, 0});
    return alias;
}

inline plan::AliasPlan clock_alias()
{
    plan::AliasPlan alias;
    alias.name = "rtc";
    alias.backing = plan::Backing::clock;
    alias.windows.push_back({{{0xffa6'0000}, 0x1000}, {}, 0});
    alias.lines.push_back({*Spi::from_dt_cell(26), {}, Trigger::level, 0});
    alias.lines.push_back({*Spi::from_dt_cell(27), {}, Trigger::level, 1});
    return alias;
}

class MachineBench : public testing::Test
{
protected:
    MachineBench() { host.add("ff010000.serial"); }

    plan::VmPlan plan_of(std::vector<plan::AliasPlan> aliases, std::uint32_t vcpus = 1) const
    {
        plan::VmPlan plan{.name = *VmName::from("test"),
                          .memory = {{{{0}, 4 * mebibyte}, true, {}}}};
        plan.vcpus = vcpus;
        plan.gic_distributor = {{0xf901'0000}, 0x1000};
        plan.gic_cpu_interface = {{0xf902'0000}, 0x2000};
        plan.kernel.file = kernel.path();
        plan.kernel.segments.push_back({{{0x1000}, 0x2000}, 0, 6});
        plan.kernel.entry = {0x1000};
        plan.dtb.memory = {{3 * mebibyte}, 0x1000};
        plan.aliases = std::move(aliases);
        return plan;
    }

    /// Stopped.
    std::unique_ptr<machine::Machine> construct(const plan::VmPlan& plan,
                                                const UniqueFd& hugepages = {})
    {
        return std::make_unique<machine::Machine>(
            system, host, plan, dtb, [this](std::string_view) -> auto& { return sink; }, hugepages);
    }

    std::unique_ptr<machine::Machine> power_on(const plan::VmPlan& plan,
                                               const UniqueFd& hugepages = {})
    {
        auto machine = construct(plan, hugepages);
        machine->power_on();
        return machine;
    }

    static bool wait_until(const std::function<bool()>& condition)
    {
        for (int n = 0; n < 5000; ++n)
        {
            if (condition())
                return true;
            ::poll(nullptr, 0, 1);
        }
        return false;
    }

    /// The guest enables the interrupt of its push button, bank 0 MIO 22, for as long as it is
    /// pressed.
    void listen_to_the_power_key()
    {
        constexpr std::uint64_t button = 1U << 22;
        auto& cpu = system.vm().vcpu(0);
        cpu.push(kvm::MmioWrite{{0xff0a'021c}, 4, 0});      // INT_TYPE: level
        cpu.push(kvm::MmioWrite{{0xff0a'0220}, 4, button}); // INT_POLARITY: high
        cpu.push(kvm::MmioWrite{{0xff0a'0210}, 4, button}); // INT_EN
        ASSERT_TRUE(cpu.wait_idle());
    }

    fakes::DeviceModel& device() { return host.device("ff010000.serial"); }

    TemporaryFile kernel{"kernel"};
    std::array<std::byte, 4> dtb{std::byte{0xd0}, std::byte{0x0d}, std::byte{0xfe},
                                 std::byte{0xed}};
    TextSink sink;
    fakes::FakeSystem system;
    fakes::FakeHost host;
};

} // namespace aliasvm::tests
