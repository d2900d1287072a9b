// SPDX-License-Identifier: Apache-2.0
// Dma: what the DMA of a device reaches.
#pragma once

#include <cstdint>

namespace aliasvm
{

enum class Dma : std::uint8_t
{
    none,     ///< no bus master, or one that is not meant to do DMA
    iommu,    ///< through an IOMMU: what is mapped for it, at IOVA = guest-physical
    identity, ///< all of the host's memory: IOVA = host-physical, and nothing confines it
};

} // namespace aliasvm
