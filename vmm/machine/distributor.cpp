// SPDX-License-Identifier: Apache-2.0
// Words as they are, bytes by the word that they lie in.
#include "vmm/machine/distributor.hpp"

namespace aliasvm::machine
{

namespace
{

constexpr std::uint32_t word_bytes = 4;

/// IHI 0048, table 4-1.
constexpr std::uint32_t gicd_ipriorityr = 0x400;
constexpr std::uint32_t gicd_icfgr = 0xc00; // the first behind GICD_ITARGETSR
constexpr std::uint32_t gicd_cpendsgir = 0xf10;
constexpr std::uint32_t gicd_spendsgir_end = 0xf30;

bool byte_for_each_interrupt(std::uint32_t offset) noexcept
{
    return offset >= gicd_ipriorityr && offset < gicd_icfgr;
}

/// A one does something, and a zero nothing.
bool pending_sgis(std::uint32_t offset) noexcept
{
    return offset >= gicd_cpendsgir && offset < gicd_spendsgir_end;
}

/// Of an element that is smaller than a word.
struct Part
{
    kvm::GicdOffset word;
    unsigned shift;
    std::uint32_t mask; ///< shifted
};

Part part_of(DistributorElement element) noexcept
{
    const unsigned shift = element.offset % word_bytes * 8;
    const std::uint32_t ones = element.width == 1 ? 0xff : 0xffff;
    return {{element.offset / word_bytes * word_bytes}, shift, ones << shift};
}

} // namespace

std::uint64_t load(kvm::Vgic& vgic, kvm::VcpuIndex cpu, DistributorElement element) noexcept
{
    if (element.width >= word_bytes)
    {
        std::uint64_t value = vgic.load_distributor(cpu, {element.offset});
        if (element.width > word_bytes)
            value |= std::uint64_t{vgic.load_distributor(cpu, {element.offset + word_bytes})} << 32;
        return value;
    }
    if (!byte_for_each_interrupt(element.offset) && !pending_sgis(element.offset))
        return 0;
    const Part part = part_of(element);
    return (vgic.load_distributor(cpu, part.word) & part.mask) >> part.shift;
}

void store(kvm::Vgic& vgic, kvm::VcpuIndex cpu, DistributorElement element,
           std::uint64_t value) noexcept
{
    if (element.width >= word_bytes)
    {
        vgic.store_distributor(cpu, {element.offset}, static_cast<std::uint32_t>(value));
        if (element.width > word_bytes)
            vgic.store_distributor(cpu, {element.offset + word_bytes},
                                   static_cast<std::uint32_t>(value >> 32));
        return;
    }
    const Part part = part_of(element);
    const std::uint32_t bits = (static_cast<std::uint32_t>(value) << part.shift) & part.mask;
    if (pending_sgis(element.offset))
        vgic.store_distributor(cpu, part.word, bits);
    else if (byte_for_each_interrupt(element.offset))
        vgic.store_distributor(cpu, part.word,
                               (vgic.load_distributor(cpu, part.word) & ~part.mask) | bits);
}

} // namespace aliasvm::machine
