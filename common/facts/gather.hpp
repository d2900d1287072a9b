// SPDX-License-Identifier: Apache-2.0
// Gathers what a plan needs to know of this host: the image files that a configuration names, and
// what its devices and its IOMMU are like.
#pragma once

#include "common/plan/config.hpp"
#include "common/plan/make_plan.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace aliasvm::facts
{

enum class Eyes : std::uint8_t
{
    own, ///< what this process can read counts: it is the VM, or in its place
    vms, ///< what a VM that systemd starts will be able to read (vm_eyes.hpp)
};

/// Looks at the files, opens no device; `cpu` is what KVM says, or assumed_cpu(). A file that
/// cannot be read is a fact too; the plan makes a problem of it. Never throws for what is in the
/// files.
[[nodiscard]] plan::HostFacts gather(const plan::Config& config, const plan::Catalogue& catalogue,
                                     const plan::CpuFacts& cpu, Eyes eyes = Eyes::own,
                                     const std::filesystem::path& sysfs = "/sys");

/// The same question of the configuration itself, which the VM reads too.
[[nodiscard]] std::optional<Problem> hidden_configuration(const std::string& file);

} // namespace aliasvm::facts
