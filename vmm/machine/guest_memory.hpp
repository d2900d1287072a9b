// SPDX-License-Identifier: Apache-2.0
// GuestMemory: the RAM of one machine, seen from this process and from the guest.
#pragma once

#include "vmm/base/address.hpp"
#include "vmm/base/mapping.hpp"
#include "vmm/kvm/port.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace aliasvm::machine
{

/// Owns one bank of RAM and its memory slot: there from construction, gone with destruction, slot
/// first. Zero-filled and not touched here, so that a page costs nothing before the guest or a
/// loader uses it. Filled before the vCPUs run; no lock. Throws Error.
class GuestMemory
{
public:
    GuestMemory(kvm::Vm& vm, kvm::SlotId slot, const GuestRange& range);
    ~GuestMemory();
    GuestMemory(const GuestMemory&) = delete;
    GuestMemory& operator=(const GuestMemory&) = delete;

    [[nodiscard]] const GuestRange& range() const noexcept { return range_; }
    [[nodiscard]] std::byte* data() const noexcept { return mapping_.data(); }

    /// The host's view of guest memory. Throws Error if it is not all inside this bank.
    [[nodiscard]] std::span<std::byte> at(const GuestRange& range) const;

    /// Makes `bytes` of the file, from `offset`, the contents of guest memory at `address`. Whole
    /// pages are mapped privately, not copied: a 40 MB kernel costs what the guest touches of it.
    /// The file must not be changed in place while the guest runs (replace it by renaming).
    /// `what` is for the error, which is thrown too when the file is shorter than asked for.
    void load(GuestAddr address, int fd, std::uint64_t offset, std::uint64_t bytes,
              std::string_view what);

private:
    void copy(std::span<std::byte> to, int fd, std::uint64_t offset, std::string_view what) const;

    kvm::Vm& vm_;
    kvm::SlotId slot_;
    GuestRange range_;
    Mapping mapping_;
};

} // namespace aliasvm::machine
