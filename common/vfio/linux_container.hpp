// SPDX-License-Identifier: Apache-2.0
// LinuxContainer: an open /dev/vfio/vfio, the address space that the DMA of its groups sees.
#pragma once

#include "common/base/address.hpp"
#include "common/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace aliasvm::vfio
{

/// Documentation/driver-api/vfio.rst. The kernel gives up every mapping when the last group leaves,
/// so a container lives as long as its group and no longer. Each group has its own: bus masters of
/// one machine have the same memory mapped, but come and go by themselves, and two descriptors do
/// not tell whether they are of one container. Everything throws Error. Threads: one at a time.
class LinuxContainer
{
public:
    /// The two kinds never mix in one container.
    enum class Kind : std::uint8_t
    {
        type1,   ///< an IOMMU confines DMA to what is mapped
        noiommu, ///< nothing does; map() is not possible
    };

    /// Owns a container, fresh or handed over. Refuses one that cannot serve `kind`.
    LinuxContainer(UniqueFd container, Kind kind);

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] Kind kind() const noexcept { return kind_; }

    /// Chooses the IOMMU driver; needs a group in the container. Once, later calls do nothing.
    void enable();

    /// The IOVAs that the IOMMU can translate and nobody reserves, in whole pages, ascending.
    [[nodiscard]] std::vector<GuestRange> usable() const;

    /// Maps the usable parts of a range at IOVA = guest-physical, or nothing if one of them fails.
    /// Pins the memory: it counts against RLIMIT_MEMLOCK.
    void map(const GuestRange& guest, std::byte* host);
    /// Takes back what map() of the same range did.
    void unmap(const GuestRange& guest);

private:
    UniqueFd fd_;
    Kind kind_;
    bool enabled_{};
};

} // namespace aliasvm::vfio
