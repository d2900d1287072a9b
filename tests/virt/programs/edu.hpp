// SPDX-License-Identifier: Apache-2.0
// Edu: QEMU's educational PCI device on vfio-pci, as far as its DMA goes.
#pragma once

#include "common/base/mapping.hpp"
#include "common/base/unique_fd.hpp"
#include "common/vfio/linux_group.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace aliasvm::tests
{

/// QEMU's docs/specs/edu.txt. The device has a page of its own, and copies between that and
/// wherever its address lines lead. What the IOMMU stops, it does not notice. Throws Error.
class Edu
{
public:
    /// `address` as below /sys/bus/pci/devices; its IOMMU group goes into the container.
    Edu(const std::string& address, std::shared_ptr<vfio::LinuxContainer> container);

    /// Into the device's page. Returns when it is done.
    void load(std::uint64_t iova, std::uint64_t bytes);
    /// Out of the device's page.
    void store(std::uint64_t iova, std::uint64_t bytes);

private:
    void run(std::uint64_t from, std::uint64_t to, std::uint64_t bytes, std::uint64_t command);
    [[nodiscard]] volatile std::uint64_t& at(std::uint64_t offset) const;

    std::shared_ptr<vfio::LinuxGroup> group_; ///< before the device: closed after it
    UniqueFd device_;
    Mapping registers_;
};

} // namespace aliasvm::tests
