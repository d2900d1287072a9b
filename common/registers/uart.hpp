// SPDX-License-Identifier: Apache-2.0
// Offsets and bits of the Cadence UART, by the names of their source: UG1087, module UART.
#pragma once

#include <cstdint>

namespace aliasvm::registers::uart
{

/// Offsets in bytes from the start of the window. All registers are 32 bits wide.
///
///     offset name      access  reset  what is special
///     0x00   CR        rw      0x128  reset bits clear themselves
///     0x04   MR        rw      0
///     0x08   IER       wo      0      sets bits of IMR
///     0x0c   IDR       wo      0      clears bits of IMR
///     0x10   IMR       ro      0
///     0x14   ISR       w1c
///     0x18   BAUDGEN   rw      0x28b  16 bits
///     0x1c   RTOR      rw      0      receiver timeout in 4 bit times, 0 is off
///     0x20   RTRIG     rw      0x20   RX trigger level, 0 is off
///     0x24   MODEMCR   rw      0
///     0x28   MODEMSR   ro
///     0x2c   SR        ro             raw status
///     0x30   FIFO      rw             RX when read, TX when written
///     0x34   BAUDDIV   rw      0xf    writes below 4 are ignored
///     0x38   FLOWDEL   rw      0      RTS trigger level, below 4 is off
///     0x44   TTRIG     rw      0x20   TX trigger level
///     0x48   RXBS      ro      0      line errors of the next bytes
inline constexpr std::uint32_t cr = 0x00;
inline constexpr std::uint32_t mr = 0x04;
inline constexpr std::uint32_t ier = 0x08;
inline constexpr std::uint32_t idr = 0x0c;
inline constexpr std::uint32_t imr = 0x10;
inline constexpr std::uint32_t isr = 0x14;
inline constexpr std::uint32_t baudgen = 0x18;
inline constexpr std::uint32_t rtor = 0x1c;
inline constexpr std::uint32_t rtrig = 0x20;
inline constexpr std::uint32_t modemcr = 0x24;
inline constexpr std::uint32_t modemsr = 0x28;
inline constexpr std::uint32_t sr = 0x2c;
inline constexpr std::uint32_t fifo = 0x30;
inline constexpr std::uint32_t bauddiv = 0x34;
inline constexpr std::uint32_t flowdel = 0x38;
inline constexpr std::uint32_t ttrig = 0x44;
inline constexpr std::uint32_t rxbs = 0x48;

// CR
inline constexpr std::uint32_t cr_rxrst = 1U << 0;
inline constexpr std::uint32_t cr_txrst = 1U << 1;
inline constexpr std::uint32_t cr_rxen = 1U << 2;
inline constexpr std::uint32_t cr_rxdis = 1U << 3;
inline constexpr std::uint32_t cr_txen = 1U << 4;
inline constexpr std::uint32_t cr_txdis = 1U << 5;
inline constexpr std::uint32_t cr_rstto = 1U << 6;
inline constexpr std::uint32_t cr_startbrk = 1U << 7;
inline constexpr std::uint32_t cr_stopbrk = 1U << 8;
inline constexpr std::uint32_t cr_reset = cr_stopbrk | cr_txdis | cr_rxdis;
/// What does not clear itself.
inline constexpr std::uint32_t cr_lasting =
    cr_rxen | cr_rxdis | cr_txen | cr_txdis | cr_startbrk | cr_stopbrk;

// MR
inline constexpr std::uint32_t mr_clksel = 1U << 0; ///< the clock is divided by 8
inline constexpr std::uint32_t mr_chmode_shift = 8;
inline constexpr std::uint32_t mr_wsize_shift = 12;

// IER, IDR, IMR, ISR; bits 0 to 4 are also SR's
inline constexpr std::uint32_t irq_rtrig = 1U << 0;
inline constexpr std::uint32_t irq_rempty = 1U << 1;
inline constexpr std::uint32_t irq_rful = 1U << 2;
inline constexpr std::uint32_t irq_tempty = 1U << 3;
inline constexpr std::uint32_t irq_tful = 1U << 4;
inline constexpr std::uint32_t irq_rovr = 1U << 5;
inline constexpr std::uint32_t irq_frame = 1U << 6;
inline constexpr std::uint32_t irq_pare = 1U << 7;
inline constexpr std::uint32_t irq_tout = 1U << 8;
inline constexpr std::uint32_t irq_dmsi = 1U << 9;
inline constexpr std::uint32_t irq_ttrig = 1U << 10;
inline constexpr std::uint32_t irq_tnful = 1U << 11;
inline constexpr std::uint32_t irq_tovr = 1U << 12;
inline constexpr std::uint32_t irq_rbrk = 1U << 13;
inline constexpr std::uint32_t irq_all = (1U << 14) - 1;

// SR
inline constexpr std::uint32_t sr_rtrig = irq_rtrig;
inline constexpr std::uint32_t sr_rempty = irq_rempty;
inline constexpr std::uint32_t sr_rful = irq_rful;
inline constexpr std::uint32_t sr_tempty = irq_tempty;
inline constexpr std::uint32_t sr_tful = irq_tful;
inline constexpr std::uint32_t sr_fdelt = 1U << 12;
inline constexpr std::uint32_t sr_ttrig = 1U << 13;
inline constexpr std::uint32_t sr_tnful = 1U << 14;

/// As the boot loader leaves it (UG1137, psu_init; U-Boot after it): 8N1, 115200 baud of 100 MHz
/// (100e6 / (124 * (6 + 1)) = 115207), without flow control, trigger levels as after reset; then
/// on. Every UART that a guest is given begins so, whoever made it.
struct Setting
{
    std::uint32_t offset;
    std::uint32_t value;
};
inline constexpr Setting as_booted[]{
    {mr, 0x020},   {modemcr, 0},  {flowdel, 0},   {rtor, 0},
    {rtrig, 0x20}, {ttrig, 0x20}, {baudgen, 124}, {bauddiv, 6},
};
inline constexpr std::uint32_t cr_as_booted = cr_rxen | cr_txen;

// MODEMCR, MODEMSR
inline constexpr std::uint32_t modemcr_fcm = 1U << 5;
inline constexpr std::uint32_t modemsr_fcms = 1U << 8;

} // namespace aliasvm::registers::uart
