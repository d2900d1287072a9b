// SPDX-License-Identifier: Apache-2.0
// HostDevices: whether this host has an instance of the catalogue, and what it does with it.
#pragma once

#include "common/plan/catalogue.hpp"
#include "common/vfio/sysfs.hpp"

#include <filesystem>
#include <string>

namespace aliasvm::daemon
{

/// One instance as it is on the host now.
struct HostInstance
{
    std::string driver; ///< that has it; empty if none
    std::string group;  ///< "7", "noiommu-3" as below /dev/vfio; empty if none
    bool present{};     ///< the host has such a platform device: status okay
};

/// Reads sysfs afresh at each call and keeps nothing of it. Functions throw
/// std::filesystem::filesystem_error if sysfs cannot be read.
class HostDevices
{
public:
    /// Another tree is for tests.
    explicit HostDevices(std::filesystem::path sysfs = "/sys");

    [[nodiscard]] HostInstance look(const plan::Instance& instance) const;

private:
    vfio::Sysfs sysfs_;
};

} // namespace aliasvm::daemon
