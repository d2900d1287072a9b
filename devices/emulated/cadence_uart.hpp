// SPDX-License-Identifier: Apache-2.0
// CadenceUart: the UART of the ZynqMP, emulated, as far as software can tell.
#pragma once

#include "devices/emulated/byte_fifo.hpp"
#include "devices/emulated/uart_sink.hpp"
#include "devices/irq_line.hpp"
#include "devices/mmio_device.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

namespace aliasvm::devices
{

/// Stands behind a guest's
///
///     serial@ff000000 {
///         compatible = "xlnx,zynqmp-uart", "cdns,uart-r1p12";
///         reg = <0x0 0xff000000 0x0 0x1000>;   // 4 KiB; beyond RXBS it reads 0
///         interrupts = <0 21 4>;               // one level line
///         clocks = <&uart_clk>, <&apb_clk>;    // uart_clk: 100 MHz, as the FSBL of a ZCU102
///         leaves it
///     };
///
/// Registers: common/registers/uart.hpp, as the boot loader leaves them. Of MR, CHMODE, WSIZE and
/// CLKSEL have an effect; MODEMSR tells of no modem, as where only the data lines are wired, and
/// RXBS of no line errors, which a socket has not.
///
/// The line has no speed: what an enabled transmitter is given is at the sink before the guest's
/// store completes, so TEMPTY is seen at once and always. Speed counts only for the receiver
/// timeout.
///
/// ISR: an event sets its bit until 1 is written to it. Of the bits that tell a FIFO's state, RTRIG
/// and RFUL are set when the FIFO comes to that level, and once cleared stay so until it comes
/// there again: a handler may acknowledge now and drain later. REMPTY, TEMPTY, TFUL, TTRIG and
/// TNFUL are set when their state begins, and no write clears them while it lasts: Linux and the
/// standalone driver acknowledge TEMPTY after they have written, when on this line everything has
/// long been sent. The interrupt line is (ISR & IMR) != 0, always.
///
/// Threads: read() and write() as MmioDevice says; the others from one more thread, the main loop.
/// Nothing blocks, allocates or throws. IrqLine and UartSink are called under the lock, so that
/// they see things in order; both must outlive the UART.
class CadenceUart final : public MmioDevice
{
public:
    using Time = std::chrono::steady_clock::time_point;
    using Now = Time (*)() noexcept;

    static constexpr std::uint64_t window_size = 0x1000;
    static constexpr std::size_t fifo_size = 64;
    /// No receiver timeout is shorter, or a guest could make the main loop spin.
    static constexpr std::chrono::microseconds shortest_timeout{100};

    CadenceUart(IrqLine& irq, UartSink& sink, Now now = &std::chrono::steady_clock::now) noexcept;

    [[nodiscard]] std::uint64_t read(std::uint64_t offset, std::uint8_t width) noexcept override;
    void write(std::uint64_t offset, std::uint8_t width, std::uint64_t value) noexcept override;

    /// Bytes that arrive on RxD. Returns how many were taken: if not all, the FIFO is full, and
    /// attention() asks for the rest. A disabled receiver, and one in a loopback mode that cuts it
    /// off, takes everything and forgets it, as a wire would. Call poll_timeout() afterwards.
    [[nodiscard]] std::size_t receive(std::span<const std::byte> bytes) noexcept;

    /// Raises the receiver timeout if it is due; returns when to call again, if at all.
    [[nodiscard]] std::optional<Time> poll_timeout() noexcept;

private:
    enum class ChannelMode : std::uint8_t
    {
        normal,
        automatic_echo,  ///< RxD is received and repeated on TxD; nothing else is sent
        local_loopback,  ///< the transmitter's output is the receiver's input
        remote_loopback, ///< RxD is repeated on TxD; neither received nor sent
    };

    [[nodiscard]] std::uint32_t read_word(std::uint64_t offset) noexcept;
    void write_word(std::uint64_t offset, std::uint32_t value) noexcept;
    void write_control(std::uint32_t value) noexcept;
    [[nodiscard]] std::uint32_t read_fifo() noexcept;
    void write_fifo(std::uint32_t value) noexcept;

    [[nodiscard]] std::uint32_t plain(std::uint64_t offset) const noexcept;
    [[nodiscard]] ChannelMode channel_mode() const noexcept;
    [[nodiscard]] unsigned fifo_access_bytes() const noexcept;
    [[nodiscard]] bool receiving() const noexcept; ///< the receiver is enabled
    [[nodiscard]] bool listening() const noexcept; ///< and hears RxD
    [[nodiscard]] bool transmitting() const noexcept;
    [[nodiscard]] std::uint32_t status() const noexcept;
    [[nodiscard]] std::uint32_t interrupt_status() const noexcept;

    void restart_timeout() noexcept;
    void transmit() noexcept;
    /// Brings output, interrupt line and far end in line with the registers. Ends every access.
    void settle() noexcept;

    IrqLine& irq_;
    UartSink& sink_;
    const Now now_;

    std::mutex mutex_; // of everything below
    std::array<std::uint32_t, 0x4c / 4> plain_{};
    std::uint32_t control_;
    std::uint32_t mask_{};
    std::uint32_t latched_{}; ///< events not yet acknowledged
    std::uint32_t lasting_{}; ///< FIFO states as of the last settle(), in ISR's bits
    ByteFifo<fifo_size> rx_;
    ByteFifo<fifo_size> tx_;
    bool level_{};
    bool turned_away_{};           ///< the far end holds input that it could not give
    std::optional<Time> deadline_; ///< of the receiver timeout, while its counter runs
    std::optional<Time> told_;     ///< what poll_timeout() last returned
};

} // namespace aliasvm::devices
