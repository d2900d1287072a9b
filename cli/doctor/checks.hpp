// SPDX-License-Identifier: Apache-2.0
// The checks of doctor: a table of small functions, from the CPU up to the daemon.
#pragma once

#include "cli/doctor/finding.hpp"
#include "cli/doctor/host_view.hpp"

#include <span>

namespace aliasvm::cli
{

struct Check
{
    const char* name; ///< stable: scripts look for it in --json
    Finding (*look)(const HostView& host);
};

/// In the order in which they are told.
[[nodiscard]] std::span<const Check> all_checks();

// kernel_checks.cpp
Finding check_architecture(const HostView& host);
Finding check_page_size(const HostView& host);
Finding check_kernel_version(const HostView& host);
Finding check_kernel_options(const HostView& host);
Finding check_kvm(const HostView& host);
Finding check_vgic(const HostView& host);
// vfio_checks.cpp
Finding check_vfio_modules(const HostView& host);
Finding check_reset_required(const HostView& host);
Finding check_noiommu(const HostView& host);
Finding check_unsafe_interrupts(const HostView& host);
// identity_check.cpp
Finding check_identity_dma(const HostView& host);
// tree_checks.cpp
Finding check_smmu(const HostView& host);
Finding check_coherency(const HostView& host);
Finding check_gicv(const HostView& host);
Finding check_clocks(const HostView& host);
Finding check_pmu(const HostView& host);
// device_checks.cpp
Finding check_devices(const HostView& host);
// system_checks.cpp
Finding check_systemd(const HostView& host);
Finding check_cgroups(const HostView& host);
Finding check_groups(const HostView& host);
Finding check_socket(const HostView& host);
Finding check_bus_policy(const HostView& host);

} // namespace aliasvm::cli
