// SPDX-License-Identifier: Apache-2.0
// DmaMemory: guest memory where the bus masters of one machine can reach it.
#pragma once

#include "vmm/machine/guest_memory.hpp"
#include "vmm/vfio/port.hpp"

#include <map>

namespace aliasvm::machine
{

/// Counts the bus masters that each host gave the machine: the first has the guest's memory mapped
/// for DMA, the last to go has it unmapped. Memory and hosts outlive this. Main thread only.
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

    explicit DmaMemory(const GuestMemory& memory) : memory_{memory} {}
    DmaMemory(const DmaMemory&) = delete;
    DmaMemory& operator=(const DmaMemory&) = delete;

private:
    const GuestMemory& memory_;
    std::map<vfio::Host*, unsigned> masters_;
};

} // namespace aliasvm::machine
