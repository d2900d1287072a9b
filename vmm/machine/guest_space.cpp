// SPDX-License-Identifier: Apache-2.0
// The one who answers, asked in its own way.
#include "vmm/machine/guest_space.hpp"

#include "vmm/machine/distributor.hpp"

#include <algorithm>
#include <cstring>

namespace aliasvm::machine
{

namespace
{

/// A guest whose caches are off has written past ours, and what is there may be older (a
/// Cortex-A53 has no FEAT_S2FWB). Cleaning loses nothing: whatever is dirty is of this process.
void see_memory_itself(const std::byte* line) noexcept
{
#if defined(__aarch64__)
    asm volatile("dc civac, %0\n\tdsb ish" : : "r"(line) : "memory");
#else
    (void)line;
#endif
}

} // namespace

GuestSpace::GuestSpace(const GuestMemory& memory, MmioBus& bus, kvm::Vgic& vgic,
                       const GuestRange& distributor)
    : memory_{memory}, bus_{bus}, vgic_{vgic}, distributor_{distributor}
{
}

Responder GuestSpace::responder(GuestAddr at) const noexcept
{
    if (memory_.find({at, 1}) != nullptr)
        return Responder::ram;
    if (distributor_.contains(at))
        return Responder::distributor;
    const auto there = [at](const GuestRange& window) { return window.contains(at); };
    return std::ranges::any_of(device_slots_, there) ? Responder::device_slots : Responder::bus;
}

std::optional<std::uint64_t> GuestSpace::word(GuestAddr at) const noexcept
{
    std::uint64_t value = 0;
    const std::byte* const from = memory_.find({at, sizeof value});
    if (from == nullptr)
        return std::nullopt;
    see_memory_itself(from);
    std::memcpy(&value, from, sizeof value);
    return value;
}

bool GuestSpace::read(kvm::VcpuIndex cpu, GuestAddr at, std::uint8_t width,
                      std::uint64_t& value) noexcept
{
    value = 0;
    if (const std::byte* const from = memory_.find({at, width}))
    {
        std::memcpy(&value, from, width);
        return true;
    }
    if (distributor_.contains(at, width))
    {
        value = load(vgic_, cpu, {static_cast<std::uint32_t>(at - distributor_.base), width});
        return true;
    }
    return bus_.read(at, width, value);
}

bool GuestSpace::write(kvm::VcpuIndex cpu, GuestAddr at, std::uint8_t width,
                       std::uint64_t value) noexcept
{
    if (std::byte* const to = memory_.find({at, width}))
    {
        std::memcpy(to, &value, width);
        return true;
    }
    if (distributor_.contains(at, width))
    {
        store(vgic_, cpu, {static_cast<std::uint32_t>(at - distributor_.base), width}, value);
        return true;
    }
    return bus_.write(at, width, value);
}

} // namespace aliasvm::machine
