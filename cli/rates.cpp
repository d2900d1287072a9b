// SPDX-License-Identifier: Apache-2.0
// Differences of counters, by name.
#include "cli/rates.hpp"

#include <algorithm>

namespace aliasvm::cli
{

namespace
{

using Seconds = std::chrono::duration<double>;

double per_second(std::uint64_t before, std::uint64_t after, Seconds between)
{
    const std::uint64_t count = after < before ? after : after - before;
    return static_cast<double>(count) / between.count();
}

double per_second(const Machine& before, const Machine& after, const std::string& counter,
                  Seconds between)
{
    const auto now = after.statistics.find(counter);
    const auto then = before.statistics.find(counter);
    if (now == after.statistics.end() || then == before.statistics.end())
        return 0;
    return per_second(then->second, now->second, between);
}

template <class Object>
const Object* find(const std::vector<Object>& all, const std::string& name)
{
    const auto found = std::ranges::find(all, name, &Object::name);
    return found == all.end() ? nullptr : &*found;
}

} // namespace

Rates rates_between(const Inventory& before, const Inventory& after, Seconds between)
{
    Rates rates;
    for (const Machine& machine : after.machines)
    {
        if (machine.state == "inactive" || machine.state == "failed")
            continue;
        MachineRates one{.name = machine.name, .state = machine.state};
        if (const Machine* const then = find(before.machines, machine.name))
        {
            one.exits = per_second(*then, machine, "exits", between);
            one.mmio_user = per_second(*then, machine, "mmio_exit_user", between);
            one.mmio_kernel = per_second(*then, machine, "mmio_exit_kernel", between);
            one.wfi = per_second(*then, machine, "wfi_exit_stat", between);
            one.refused = per_second(*then, machine, "refused_accesses", between);
        }
        rates.machines.push_back(std::move(one));
    }
    for (const Device& device : after.devices)
    {
        if (device.owner.empty())
            continue;
        DeviceRates one{.name = device.name, .owner = device.owner, .alias = device.alias};
        if (const Device* const then = find(before.devices, device.name))
            one.interrupts = per_second(then->interrupts, device.interrupts, between);
        rates.devices.push_back(std::move(one));
    }
    return rates;
}

} // namespace aliasvm::cli
