// SPDX-License-Identifier: Apache-2.0
// ZynqmpGpio: the GPIO controller of the ZynqMP, emulated, with one push button on it.
#pragma once

#include "devices/irq_line.hpp"
#include "devices/mmio_device.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace aliasvm::devices
{

/// Stands behind a guest's
///
///     gpio: gpio@ff0a0000 {
///         compatible = "xlnx,zynqmp-gpio-1.0";
///         reg = <0x0 0xff0a0000 0x0 0x1000>;
///         interrupts = <0 16 4>;               // one level line for all banks
///         gpio-controller; #gpio-cells = <2>;
///         interrupt-controller; #interrupt-cells = <2>;
///     };
///     gpio-keys {
///         compatible = "gpio-keys";
///         power { gpios = <&gpio 22 0>; linux,code = <116>; };   // active high, KEY_POWER
///     };
///
/// Six banks: MIO 0-25, 26-51, 52-77 and three times 32 EMIO. MIO 22 is the button SW19 of the
/// ZCU102: pressing it is how a guest is asked to power off. All other inputs are low. Registers
/// of UG1087, module GPIO, for bank n:
///
///     offset          name           access  reset
///     0x000 + 8n      MASK_DATA_LSW  rw      0     15:0 data, 31:16 a 1 protects the bit below
///     0x004 + 8n      MASK_DATA_MSW  rw      0     the same for the bank's upper half
///     0x040 + 4n      DATA           rw      0     see below
///     0x060 + 4n      DATA_RO        ro            level of the pins
///     0x204 + 0x40n   DIRM           rw      0     1: output
///     0x208 + 0x40n   OEN            rw      0     1: output driver on
///     0x20c + 0x40n   INT_MASK       ro      all   1: masked
///     0x210 + 0x40n   INT_EN         wo            clears bits of INT_MASK
///     0x214 + 0x40n   INT_DIS        wo            sets bits of INT_MASK
///     0x218 + 0x40n   INT_STAT       w1c     0
///     0x21c + 0x40n   INT_TYPE       rw      all   1: edge, 0: level
///     0x220 + 0x40n   INT_POLARITY   rw      0     1: rising or high
///     0x224 + 0x40n   INT_ANY        rw      0     1: both edges
///
/// DATA reads what was written for an output and the pin's level for an input: old versions of
/// Linux' gpio-zynq read inputs there. An edge sets INT_STAT until 1 is written to it; a level
/// shows in INT_STAT for as long as it lasts, whatever is written. The interrupt line is
/// (INT_STAT & ~INT_MASK) != 0 in any bank, always.
///
/// Threads: read() and write() as MmioDevice says; press() and release() from any thread. The
/// IrqLine is called under the lock and must outlive the device.
class ZynqmpGpio final : public MmioDevice
{
public:
    static constexpr std::uint64_t window_size = 0x1000;
    static constexpr std::size_t banks = 6;
    static constexpr unsigned button_pin = 22;

    explicit ZynqmpGpio(IrqLine& irq) noexcept;

    [[nodiscard]] std::uint64_t read(std::uint64_t offset, std::uint8_t width) noexcept override;
    void write(std::uint64_t offset, std::uint8_t width, std::uint64_t value) noexcept override;

    /// The button goes down, up. Whoever wants a guest to see it leaves 100 ms in between:
    /// gpio-keys waits for it to stop bouncing.
    void press() noexcept;
    void release() noexcept;

private:
    struct Bank
    {
        std::uint32_t data{};
        std::uint32_t input{}; ///< what drives the pins from outside
        std::uint32_t direction{};
        std::uint32_t output_enable{};
        std::uint32_t masked{};
        std::uint32_t edge{};
        std::uint32_t polarity{};
        std::uint32_t any_edge{};
        std::uint32_t latched{}; ///< interrupts not yet acknowledged
        std::uint32_t pins{};    ///< level as of the last settle()

        [[nodiscard]] std::uint32_t level() const noexcept;
        [[nodiscard]] std::uint32_t status() const noexcept;
    };

    [[nodiscard]] std::uint32_t read_word(std::uint64_t offset) const noexcept;
    [[nodiscard]] std::uint32_t read_bank(const Bank& bank, std::uint64_t offset) const noexcept;
    void write_word(std::uint64_t offset, std::uint32_t value) noexcept;
    void write_bank(Bank& bank, std::uint64_t offset, std::uint32_t value) noexcept;
    void set_button(bool down) noexcept;
    /// Latches edges and sets the line. Ends every change.
    void settle() noexcept;

    IrqLine& irq_;

    std::mutex mutex_; // of everything below
    std::array<Bank, banks> banks_;
    bool level_{};
};

} // namespace aliasvm::devices
