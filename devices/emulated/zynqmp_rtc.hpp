// SPDX-License-Identifier: Apache-2.0
// ZynqmpRtc: the real-time clock of the ZynqMP, emulated, with the host's time in it.
#pragma once

#include "devices/emulated/wall_clock.hpp"
#include "devices/irq_line.hpp"
#include "devices/mmio_device.hpp"

#include <cstdint>
#include <mutex>
#include <optional>

namespace aliasvm::devices
{

/// Stands behind a guest's
///
///     rtc: rtc@ffa60000 {
///         compatible = "xlnx,zynqmp-rtc";
///         reg = <0x0 0xffa60000 0x0 0x1000>;       // beyond SAFETY_CHK it reads 0
///         interrupts = <0 26 4>, <0 27 4>;         // level
///         interrupt-names = "alarm", "sec";
///     };
///
/// Registers of UG1087, module RTC:
///
///     offset  name             access  as found
///     0x00    SET_TIME_WRITE   wo              the time from the next second on
///     0x04    SET_TIME_READ    ro      now     what was last written there
///     0x08    CALIB_WRITE      wo              a second begins: CURRENT_TICK is 0
///     0x0c    CALIB_READ       ro      0x7fff  20:0 of what was last written; no effect beside
///     0x10    CURRENT_TIME     ro      now     seconds since 1970, modulo 2^32
///     0x14    CURRENT_TICK     ro              1/32768 s since the second began
///     0x18    ALARM            rw      0
///     0x20    RTC_INT_STATUS   w1c     1       bit 0: a second has begun; bit 1: alarm
///     0x24    RTC_INT_MASK     ro      3       1: masked
///     0x28    RTC_INT_EN       wo              clears bits of RTC_INT_MASK
///     0x2c    RTC_INT_DIS      wo              sets bits of RTC_INT_MASK
///     0x30    ADDR_ERROR       w1c     0       never set; its line leads to no GIC
///     0x34    ADDR_ERROR_INT_MASK ro   1       _EN and _DIS at 0x38 and 0x3c, as above
///     0x40    CONTROL          rw      1 << 24 31 battery, 27:24 oscillator, 0; no effect
///     0x50    SAFETY_CHK       rw      0
///
/// The clock is found as on a board whose battery has kept it: right, and running. It is the
/// host's, plus what the guest has set it to be off; if somebody sets the host's, it follows. The
/// status bits tell of what has passed since they were cleared, masked or not: Linux and U-Boot
/// read CURRENT_TIME if bit 0 is set, and else take it that what they wrote is not there yet.
///
/// The alarm is a comparison: its bit is set in the second of ALARM, in which no write clears it,
/// and stays until one does. An alarm that the host's clock jumps over has been; one that the guest
/// jumps over, by SET_TIME_WRITE, has not. A line is (RTC_INT_STATUS & ~RTC_INT_MASK) of its bit,
/// always.
///
/// An interrupt that is masked or set already wakes nobody: the registers are worked out when they
/// are looked at.
///
/// Threads: read() and write() as MmioDevice says; serve() from any thread. IrqLines and clock are
/// called under the lock and must outlive the device. Nothing blocks, allocates or throws.
class ZynqmpRtc final : public MmioDevice
{
public:
    static constexpr std::uint64_t window_size = 0x1000;

    ZynqmpRtc(IrqLine& alarm_line, IrqLine& seconds_line, WallClock& clock) noexcept;

    [[nodiscard]] std::uint64_t read(std::uint64_t offset, std::uint8_t width) noexcept override;
    void write(std::uint64_t offset, std::uint8_t width, std::uint64_t value) noexcept override;

    /// The clock has woken: interrupts that are due come.
    void serve() noexcept;

private:
    using Time = WallClock::Time;

    [[nodiscard]] std::uint32_t read_word(std::uint64_t offset) const noexcept;
    void write_word(std::uint64_t offset, std::uint32_t value) noexcept;
    void begin_second() noexcept;

    [[nodiscard]] std::uint32_t current() const noexcept;
    /// Takes the clock's time; what has passed since the last one shows in the status.
    void advance() noexcept;
    /// Sets the lines and the next waking. Ends every change.
    void settle() noexcept;
    [[nodiscard]] std::optional<Time> due() const noexcept;

    IrqLine& alarm_line_;
    IrqLine& seconds_line_;
    WallClock& clock_;

    std::mutex mutex_;       // of everything below
    Time now_{};             ///< as of the last advance()
    Time phase_{};           ///< how long after the clock's seconds those of this one begin
    std::int64_t second_{};  ///< the clock's, less phase_
    std::uint32_t ahead_{};  ///< CURRENT_TIME less second_, modulo 2^32
    std::uint32_t set_time_; ///< SET_TIME_READ
    bool setting_{};         ///< CURRENT_TIME will be that when a second begins
    std::uint32_t alarm_{};
    std::uint32_t calibration_;
    std::uint32_t control_;
    std::uint32_t safety_{};
    std::uint32_t status_;
    std::uint32_t masked_;
    std::uint32_t error_masked_{1};
    bool alarm_level_{};
    bool seconds_level_{};
    std::optional<Time> told_; ///< to the clock
};

} // namespace aliasvm::devices
