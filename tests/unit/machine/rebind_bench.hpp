// SPDX-License-Identifier: Apache-2.0
// RebindBench: devices and aliases for machines whose bindings change.
#pragma once

#include "common/base/error.hpp"
#include "tests/fakes/nth_call.hpp"
#include "tests/unit/machine/machine_bench.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace aliasvm::tests
{

using machine::Holding;

inline constexpr Spi gem_spi = *Spi::from_dt_cell(57);
inline constexpr Spi gem_edge_spi = *Spi::from_dt_cell(58);
inline constexpr auto at_rest = quiesce::Settings::at_rest;
inline constexpr auto as_left = quiesce::Settings::as_left;
inline constexpr const char* gem1 = "ff0c0000.ethernet";
inline constexpr const char* gem2 = "ff0d0000.ethernet";

inline plan::AliasPlan empty_uart()
{
    return uart_alias(plan::Backing::none);
}

inline plan::AliasPlan uart()
{
    auto alias = uart_alias(plan::Backing::instance);
    alias.instance = "uart1";
    return alias;
}

/// A bus master with two windows, and a line of each kind.
inline plan::AliasPlan gem_alias(std::string name, std::uint64_t base,
                                 const char* sysname = nullptr)
{
    plan::AliasPlan alias;
    alias.name = std::move(name);
    alias.windows.push_back({{{base}, 0x1000}, {}, 0});
    alias.windows.push_back({{{base + 0x1000}, 0x1000}, {}, 1});
    alias.lines.push_back({gem_spi, {}, Trigger::level, 0});
    alias.lines.push_back({gem_edge_spi, {}, Trigger::edge, 1});
    alias.backing = plan::Backing::none;
    if (sysname != nullptr)
    {
        alias.backing = plan::Backing::instance;
        alias.instance = std::string{"inst "} + sysname;
        alias.sysname = sysname;
        alias.dma = Dma::iommu;
    }
    return alias;
}

/// Everything that a move must leave as it was when it fails.
struct State
{
    std::map<std::uint32_t, std::pair<std::uint64_t, std::byte*>> slots;
    std::size_t irqfds;
    bool opened;
    /// Whether it resamples is not: the kernel takes a line over at the guest's next EOI.
    std::vector<bool> signals, masked;
    std::vector<std::pair<std::uint64_t, std::byte*>> dma;
    std::vector<Holding> holdings;
    bool paused;

    friend bool operator==(const State&, const State&) = default;
};

class RebindBench : public MachineBench
{
protected:
    RebindBench()
    {
        for (const char* name : {gem1, gem2})
            host.add(name, {{page_size, true}, {page_size, true}},
                     {{.automasked = true}, {.automasked = false}});
    }

    State state(const machine::Machine& machine, fakes::VmModel& vm, fakes::DeviceModel& dev,
                std::uint32_t lines)
    {
        State now{};
        for (const auto& [id, slot] : vm.slots())
            now.slots[id] = {slot.guest.base.value, slot.host};
        now.irqfds = vm.irqfd_count();
        now.opened = dev.opened();
        for (std::uint32_t n = 0; n < lines; ++n)
        {
            now.signals.push_back(dev.has_signal(n));
            now.masked.push_back(dev.masked(n));
        }
        for (const auto& [range, at] : dev.dma)
            now.dma.emplace_back(range.base.value, at);
        now.holdings = machine.holdings();
        now.paused = machine.paused();
        return now;
    }

    void watch(fakes::VmModel& vm, fakes::DeviceModel& dev)
    {
        vm.nth_call = &nth;
        dev.nth_call = &nth;
    }

    template <class Act>
    static int error_of(Act&& act, std::string* told = nullptr)
    {
        try
        {
            act();
        }
        catch (const Error& error)
        {
            if (told != nullptr)
                *told = error.what();
            return error.code().value();
        }
        return 0;
    }

    /// The interrupt goes from device to guest and the EOI back.
    static void expect_served(machine::Machine& machine, fakes::DeviceModel& dev,
                              fakes::VmModel& vm, Spi line)
    {
        dev.raise(0);
        machine.serve_lines();
        EXPECT_TRUE(vm.pending(line));
        dev.lower(0);
        EXPECT_TRUE(vm.acknowledge(line));
        machine.serve_lines();
        EXPECT_FALSE(dev.masked(0));
        EXPECT_FALSE(vm.pending(line));
    }

    fakes::NthCall nth;
};

} // namespace aliasvm::tests
