// SPDX-License-Identifier: Apache-2.0
// DmaMemory: the guest memory that the bus masters of one machine are to reach through an IOMMU.
#pragma once

#include "common/vfio/port.hpp"
#include "vmm/machine/guest_memory.hpp"

#include <vector>

namespace aliasvm::machine
{

/// Memory outlives this. Main thread only.
class DmaMemory
{
public:
    /// `holes` is what the guest was told to keep its buffers out of: ascending, none touching
    /// another.
    DmaMemory(const GuestMemory& memory, std::vector<GuestRange> holes);

    /// Makes all of it reachable by an open device. Throws Error, and then none of it is; ERANGE if
    /// the IOMMU leaves out a part that the guest was not told of.
    void map(vfio::PlatformDevice& device) const;
    /// Throws Error, and then it is as reachable as before.
    void unmap(vfio::PlatformDevice& device) const;

private:
    void require_reach(const vfio::PlatformDevice& device) const;

    std::vector<const MemoryBank*> banks_;
    std::vector<GuestRange> holes_;
};

} // namespace aliasvm::machine
