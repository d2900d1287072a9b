// SPDX-License-Identifier: Apache-2.0
// What happened between two looks at the counters, per second.
#pragma once

#include "cli/model.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace aliasvm::cli
{

struct MachineRates
{
    std::string name;
    std::string state;
    double exits{};
    double mmio_user{};   ///< exits to an emulated device
    double mmio_kernel{}; ///< exits to the vGIC
    double wfi{};
    double refused{}; ///< accesses that ended in an external abort
};

struct DeviceRates
{
    std::string name;
    std::string owner;
    std::string alias;
    double interrupts{};
};

/// Only what can change: VMs that run, devices that a VM has.
struct Rates
{
    std::vector<MachineRates> machines;
    std::vector<DeviceRates> devices;
};

/// A counter that has become smaller began anew, with its VM; one that was not there before counts
/// from now on. `between` is > 0.
[[nodiscard]] Rates rates_between(const Inventory& before, const Inventory& after,
                                  std::chrono::duration<double> between);

} // namespace aliasvm::cli
