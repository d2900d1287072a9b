// SPDX-License-Identifier: Apache-2.0
// HostDevices: which instances of the catalogue this host has, and what the host does with each.
#pragma once

#include "common/plan/catalogue.hpp"
#include "common/vfio/sysfs.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace aliasvm::daemon
{

/// One instance as it is on the host now.
struct HostInstance
{
    const plan::Instance* instance{}; ///< the catalogue's
    std::string driver;               ///< that has it; empty if none
    std::string group;                ///< "7", "noiommu-3" as below /dev/vfio; empty if none
    bool present{};                   ///< the host has such a platform device: status okay
};

/// Reads sysfs afresh at each call and keeps nothing of it. Functions throw
/// std::filesystem::filesystem_error if sysfs cannot be read.
class HostDevices
{
public:
    /// The catalogue has to outlive it. Another tree is for tests.
    explicit HostDevices(const plan::Catalogue& catalogue, std::filesystem::path sysfs = "/sys");

    /// In the order of the catalogue.
    [[nodiscard]] std::vector<const plan::Instance*> present() const;
    [[nodiscard]] HostInstance look(const plan::Instance& instance) const;
    /// All devices of its IOMMU group, itself among them, each with its driver: "ff0e0000.ethernet
    /// (macb)". Empty if it is in no group.
    [[nodiscard]] std::vector<std::string> group_members(const plan::Instance& instance) const;

private:
    const plan::Catalogue& catalogue_;
    vfio::Sysfs sysfs_;
};

} // namespace aliasvm::daemon
