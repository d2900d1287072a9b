// SPDX-License-Identifier: Apache-2.0
// GuestMemory: the RAM of one machine, in all its banks.
#pragma once

#include "vmm/machine/memory_bank.hpp"

#include <deque>
#include <vector>

namespace aliasvm::machine
{

/// There from construction, gone with destruction. Filled before the vCPUs run; no lock. Throws
/// Error.
class GuestMemory
{
public:
    /// The slots are those from `first_slot` on, one a bank. `hugepages` is the file that banks
    /// with an offset are of; it is not needed afterwards.
    GuestMemory(kvm::Vm& vm, kvm::SlotId first_slot, const std::vector<plan::Bank>& banks,
                const UniqueFd& hugepages);

    [[nodiscard]] const std::deque<MemoryBank>& banks() const noexcept { return banks_; }

    /// The host's view of guest memory. Throws Error if it is not all inside one bank.
    [[nodiscard]] std::span<std::byte> at(const GuestRange& range) const;

    /// The same from any thread: null if it is not all inside one bank.
    [[nodiscard]] std::byte* find(const GuestRange& range) const noexcept;

    /// Makes `bytes` of the file, from `offset`, the contents of guest memory at `address`, which
    /// must be all inside one bank. Whole pages are mapped privately, not copied: a 40 MB kernel
    /// costs what the guest touches of it. The file must not be changed in place while the guest
    /// runs (replace it by renaming). Into hugepages all is copied. `what` is for the error, which
    /// is thrown too when the file is shorter than asked for.
    void load(GuestAddr address, int fd, std::uint64_t offset, std::uint64_t bytes,
              std::string_view what);

private:
    [[nodiscard]] std::size_t bank_of(const GuestRange& range) const;

    std::deque<MemoryBank> banks_;
};

} // namespace aliasvm::machine
