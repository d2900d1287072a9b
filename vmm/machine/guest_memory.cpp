// SPDX-License-Identifier: Apache-2.0
// The bank that is meant.
#include "vmm/machine/guest_memory.hpp"

#include "common/base/error.hpp"

#include <cerrno>

namespace aliasvm::machine
{

GuestMemory::GuestMemory(kvm::Vm& vm, kvm::SlotId first_slot, const std::vector<plan::Bank>& banks,
                         const UniqueFd& hugepages)
{
    for (const plan::Bank& bank : banks)
    {
        banks_.emplace_back(vm, first_slot, bank, hugepages);
        ++first_slot.value;
    }
}

std::size_t GuestMemory::bank_of(const GuestRange& range) const
{
    for (std::size_t index = 0; index < banks_.size(); ++index)
    {
        if (banks_[index].range().contains(range.base, range.size))
            return index;
    }
    throw Error{EFAULT, "reach guest memory {:#x}+{:#x}", range.base.value, range.size};
}

std::span<std::byte> GuestMemory::at(const GuestRange& range) const
{
    if (range.size == 0)
        return {};
    return banks_[bank_of(range)].at(range);
}

std::byte* GuestMemory::find(const GuestRange& range) const noexcept
{
    for (const MemoryBank& bank : banks_)
    {
        if (bank.range().contains(range.base, range.size))
            return bank.data() + (range.base - bank.range().base);
    }
    return nullptr;
}

void GuestMemory::load(GuestAddr address, int fd, std::uint64_t offset, std::uint64_t bytes,
                       std::string_view what)
{
    if (bytes != 0)
        banks_[bank_of({address, bytes})].load(address, fd, offset, bytes, what);
}

} // namespace aliasvm::machine
