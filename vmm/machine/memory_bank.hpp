// SPDX-License-Identifier: Apache-2.0
// MemoryBank: one piece of a machine's RAM, seen from this process and from the guest.
#pragma once

#include "common/base/mapping.hpp"
#include "common/base/unique_fd.hpp"
#include "common/kvm/port.hpp"
#include "common/plan/plan.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace aliasvm::machine
{

/// Owns the memory and its slot: there from construction, gone with destruction, slot first. No
/// lock. Throws Error.
class MemoryBank
{
public:
    /// A bank with an offset is that part of `hugepages`, shared with whoever else has the file.
    /// Any other is this process's own, zero-filled and not touched here, so that a page costs
    /// nothing before the guest or a loader uses it.
    MemoryBank(kvm::Vm& vm, kvm::SlotId slot, const plan::Bank& bank, const UniqueFd& hugepages);
    ~MemoryBank();
    MemoryBank(const MemoryBank&) = delete;
    MemoryBank& operator=(const MemoryBank&) = delete;

    [[nodiscard]] const GuestRange& range() const noexcept { return bank_.range; }
    /// Whether devices are to reach it.
    [[nodiscard]] bool dma() const noexcept { return bank_.dma; }
    [[nodiscard]] std::byte* data() const noexcept { return mapping_.data(); }

    /// The host's view of a part, which the caller knows to be inside.
    [[nodiscard]] std::span<std::byte> at(const GuestRange& part) const;

    /// See GuestMemory.
    void load(GuestAddr address, int fd, std::uint64_t offset, std::uint64_t bytes,
              std::string_view what);

private:
    kvm::Vm& vm_;
    kvm::SlotId slot_;
    plan::Bank bank_;
    Mapping mapping_;
};

} // namespace aliasvm::machine
