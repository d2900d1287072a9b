// SPDX-License-Identifier: Apache-2.0
// What KVM would say of this host's CPUs, for those who may not ask it: the daemon, and a check.
#pragma once

#include "common/plan/host_facts.hpp"

#include <filesystem>

namespace aliasvm::facts
{

/// A Cortex-A53; with a PMU for guests if the kernel drives the CPUs' own. On a host of another
/// architecture with one: a file is checked there for the board that it is meant for.
[[nodiscard]] plan::CpuFacts assumed_cpu();

/// Whether a folder like /sys/bus/event_source/devices has the PMU of Armv8 CPUs ("armv8_…", as
/// Linux calls it whatever the CPU is): KVM offers one to guests when that has been probed.
[[nodiscard]] bool has_armv8_pmu(const std::filesystem::path& event_sources);

} // namespace aliasvm::facts
