// SPDX-License-Identifier: Apache-2.0
// First in maps, last out unmaps.
#include "vmm/machine/dma_memory.hpp"

#include "devices/passthrough/passthrough_line.hpp"
#include "vmm/base/error.hpp"

namespace aliasvm::machine
{

namespace
{

/// Acts on each, or, where one fails, takes those before it back.
template <class Act, class Back>
void each_or_none(const std::vector<const MemoryBank*>& banks, Act&& act, Back&& back)
{
    auto bank = banks.begin();
    try
    {
        for (; bank != banks.end(); ++bank)
            act(**bank);
    }
    catch (...)
    {
        while (bank != banks.begin())
            devices::undo([&] { back(**--bank); });
        throw;
    }
}

} // namespace

DmaMemory::DmaMemory(const GuestMemory& memory)
{
    for (const MemoryBank& bank : memory.banks())
    {
        if (bank.dma())
            banks_.push_back(&bank);
    }
}

void DmaMemory::map(vfio::Host& host) const
{
    each_or_none(
        banks_, [&host](const MemoryBank& bank) { host.map_memory(bank.range(), bank.data()); },
        [&host](const MemoryBank& bank) { host.unmap_memory(bank.range()); });
}

void DmaMemory::unmap(vfio::Host& host) const
{
    each_or_none(
        banks_, [&host](const MemoryBank& bank) { host.unmap_memory(bank.range()); },
        [&host](const MemoryBank& bank) { host.map_memory(bank.range(), bank.data()); });
}

DmaMemory::Share::Share(DmaMemory& memory, vfio::Host& host) : memory_{&memory}, host_{host}
{
    unsigned& masters = memory.masters_[&host];
    if (masters == 0)
        memory.map(host);
    ++masters;
}

void DmaMemory::Share::end()
{
    if (memory_ == nullptr)
        return;
    unsigned& masters = memory_->masters_.at(&host_);
    if (masters == 1)
        memory_->unmap(host_);
    --masters;
    memory_ = nullptr;
}

DmaMemory::Share::~Share()
{
    try
    {
        end();
    }
    catch (const Error&)
    {
        // Closing the container, which comes with the last device, takes the mappings with it.
        --memory_->masters_.at(&host_);
    }
}

} // namespace aliasvm::machine
