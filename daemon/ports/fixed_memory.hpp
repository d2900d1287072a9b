// SPDX-License-Identifier: Apache-2.0
// FixedMemory: the port to RAM that stays where it is.
#pragma once

#include "common/base/address.hpp"
#include "common/base/unique_fd.hpp"
#include "common/base/vm_name.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace aliasvm::daemon
{

/// RAM of VMs that never moves in physical memory, for bus masters that no IOMMU confines: what
/// they write must not land in somebody else's memory, so the RAM outlives its VM and this process.
/// Throws Error.
class FixedMemory
{
public:
    struct Grant
    {
        std::vector<HostRange> pieces; ///< where it is, in the order of the file
        UniqueFd file;                 ///< the memory, zero-filled
    };

    virtual ~FixedMemory() = default;

    /// New RAM; the VM has none.
    [[nodiscard]] virtual Grant provide(const VmName& name, std::uint64_t bytes) = 0;
    /// The VMs whose RAM is kept, also from before a restart of this process.
    [[nodiscard]] virtual std::vector<std::string> kept() const = 0;
    /// Where the RAM lies that is kept of a VM, in the order of its file; empty if there is none.
    [[nodiscard]] virtual std::vector<HostRange> pieces(const VmName& name) const = 0;
    /// Nothing keeps it any more but those who have it mapped.
    virtual void free(const std::string& name) = 0;
};

} // namespace aliasvm::daemon
