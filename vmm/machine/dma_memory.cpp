// SPDX-License-Identifier: Apache-2.0
// First in maps, last out unmaps.
#include "vmm/machine/dma_memory.hpp"

#include "vmm/base/error.hpp"

namespace aliasvm::machine
{

DmaMemory::Share::Share(DmaMemory& memory, vfio::Host& host) : memory_{&memory}, host_{host}
{
    unsigned& masters = memory.masters_[&host];
    if (masters == 0)
        host.map_memory(memory.memory_.range(), memory.memory_.data());
    ++masters;
}

void DmaMemory::Share::end()
{
    if (memory_ == nullptr)
        return;
    unsigned& masters = memory_->masters_.at(&host_);
    if (masters == 1)
        host_.unmap_memory(memory_->memory_.range());
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
