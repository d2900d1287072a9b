// SPDX-License-Identifier: Apache-2.0
// DmaMemory: guest memory where the bus masters of one machine can reach it.
#pragma once

#include "vmm/machine/guest_memory.hpp"
#include "vmm/vfio/port.hpp"

#include <map>
#include <vector>

namespace aliasvm::machine
{

/// Counts the bus masters behind an IOMMU that each host gave the machine: the first has those
/// banks of the guest's memory mapped that devices are to reach, the last to go has them unmapped.
/// Memory and hosts outlive this. Main thread only.
class DmaMemory
{
public:
    /// One bus master's part in it. Taken once its device is open, and given back before it closes.
    class Share
    {
    public:
        /// Throws Error, and then nothing is mapped that was not before.
        Share(DmaMemory& memory, vfio::Host& host);
        ~Share();
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;

        /// Gives it back. Throws Error, and then nothing is unmapped and the share is still there.
        void end();

    private:
        DmaMemory* memory_; ///< null once it is given back
        vfio::Host& host_;
    };

    explicit DmaMemory(const GuestMemory& memory);
    DmaMemory(const DmaMemory&) = delete;
    DmaMemory& operator=(const DmaMemory&) = delete;

private:
    // All or nothing.
    void map(vfio::Host& host) const;
    void unmap(vfio::Host& host) const;

    std::vector<const MemoryBank*> banks_; ///< that devices are to reach
    std::map<vfio::Host*, unsigned> masters_;
};

} // namespace aliasvm::machine
