// SPDX-License-Identifier: Apache-2.0
// GuestSpace: what guest-physical addresses reach, for who performs an access in the CPU's place.
#pragma once

#include "common/a64/translate.hpp"
#include "common/kvm/port.hpp"
#include "vmm/machine/guest_memory.hpp"
#include "vmm/machine/mmio_bus.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace aliasvm::machine
{

/// Who answers at a guest-physical address.
enum class Responder : std::uint8_t
{
    ram,
    distributor,  ///< KVM's
    device_slots, ///< a device that this process does not touch: an alias's instance, or the GICV
    bus,          ///< an emulated device, or nobody
};

/// RAM, KVM's distributor, and the bus, all of which outlive it. Complete before a vCPU runs;
/// after that from any vCPU's thread, noexcept and without allocation: a hostile guest drives it.
class GuestSpace final : public a64::PhysicalMemory
{
public:
    GuestSpace(const GuestMemory& memory, MmioBus& bus, kvm::Vgic& vgic,
               const GuestRange& distributor);

    /// Memory slots of devices may lie there, or come and go.
    void add_device_slots(const GuestRange& window) { device_slots_.push_back(window); }

    [[nodiscard]] MmioBus& bus() noexcept { return bus_; }
    [[nodiscard]] Responder responder(GuestAddr at) const noexcept;

    /// As the guest's CPU sees it once its caches are what it made of them.
    [[nodiscard]] std::optional<std::uint64_t> word(GuestAddr at) const noexcept override;

    /// One element, a power of two up to 8 bytes and aligned to that, of an address that is not of
    /// device_slots. False where nobody answers: reads 0. To the distributor only while no vCPU is
    /// in KVM_RUN.
    bool read(kvm::VcpuIndex cpu, GuestAddr at, std::uint8_t width, std::uint64_t& value) noexcept;
    bool write(kvm::VcpuIndex cpu, GuestAddr at, std::uint8_t width, std::uint64_t value) noexcept;

private:
    const GuestMemory& memory_;
    MmioBus& bus_;
    kvm::Vgic& vgic_;
    GuestRange distributor_;
    std::vector<GuestRange> device_slots_;
};

} // namespace aliasvm::machine
