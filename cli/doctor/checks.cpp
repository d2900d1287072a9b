// SPDX-License-Identifier: Apache-2.0
// The table.
#include "cli/doctor/checks.hpp"

namespace aliasvm::cli
{

namespace
{

constexpr Check table[]{
    {"architecture", check_architecture},
    {"page-size", check_page_size},
    {"kernel-version", check_kernel_version},
    {"kernel-options", check_kernel_options},
    {"kvm", check_kvm},
    {"vgic", check_vgic},
    {"gicv", check_gicv},
    {"pmu", check_pmu},
    {"vfio-modules", check_vfio_modules},
    {"reset-required", check_reset_required},
    {"smmu", check_smmu},
    {"noiommu", check_noiommu},
    {"unsafe-interrupts", check_unsafe_interrupts},
    {"coherency", check_coherency},
    {"identity-dma", check_identity_dma},
    {"clocks", check_clocks},
    {"devices", check_devices},
    {"systemd", check_systemd},
    {"cgroups", check_cgroups},
    {"groups", check_groups},
    {"bus-policy", check_bus_policy},
    {"socket", check_socket},
};

} // namespace

std::span<const Check> all_checks()
{
    return table;
}

} // namespace aliasvm::cli
