// SPDX-License-Identifier: Apache-2.0
// Spi: one shared peripheral interrupt, whose one wire goes by four different numbers.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace aliasvm
{

/// A shared peripheral interrupt of a GICv2. Whoever needs a bare number asks for it by the name of
/// the numbering, because mixing them up delivers somebody else's interrupt:
///
///     device tree  <GIC_SPI n flags>   n              (DT binding arm,gic.yaml)
///     GIC          INTID               n + 32         (IHI 0048, 2.2.1)
///     KVM_IRQFD    gsi                 n              (default routing: gsi n is SPI n)
///     KVM_IRQ_LINE irq                 1 << 24 | INTID (api.rst, 4.25: type 1 is SPI)
///
/// The index by which VFIO names an interrupt of a device is unrelated to all of them.
class Spi
{
public:
    /// SPIs of the vGIC of every machine: 192 interrupt ids less the 32 private ones. GIC-400 of
    /// ZynqMP uses SPIs up to 155 (the SMMU).
    static constexpr std::uint32_t count = 160;

    /// The number in a device tree; nothing if out of range.
    [[nodiscard]] static constexpr std::optional<Spi> from_dt_cell(std::uint64_t cell)
    {
        if (cell >= count)
            return std::nullopt;
        return Spi{static_cast<std::uint32_t>(cell)};
    }
    /// The id that a GIC and bare-metal software use; nothing if it is no SPI or out of range.
    [[nodiscard]] static constexpr std::optional<Spi> from_intid(std::uint64_t intid)
    {
        if (intid < first_intid)
            return std::nullopt;
        return from_dt_cell(intid - first_intid);
    }

    [[nodiscard]] constexpr std::uint32_t dt_cell() const { return number_; }
    [[nodiscard]] constexpr std::uint32_t intid() const { return number_ + first_intid; }
    [[nodiscard]] constexpr std::uint32_t irqfd_gsi() const { return number_; }
    [[nodiscard]] constexpr std::uint32_t irq_line() const { return 1U << 24 | intid(); }

    friend constexpr auto operator<=>(Spi, Spi) = default;

private:
    static constexpr std::uint32_t first_intid = 32;

    explicit constexpr Spi(std::uint32_t number) : number_{number} {}

    std::uint32_t number_;
};

static_assert(Spi::from_dt_cell(21)->intid() == 53);
static_assert(Spi::from_intid(53)->irqfd_gsi() == 21);
static_assert(Spi::from_dt_cell(21)->irq_line() == 0x0100'0035);
static_assert(!Spi::from_intid(27), "a PPI is no SPI");

/// How an interrupt line signals. The trigger decides the path through KVM: level needs resampling.
enum class Trigger : std::uint8_t
{
    level,
    edge,
};

} // namespace aliasvm
