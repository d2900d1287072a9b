// SPDX-License-Identifier: Apache-2.0
// How the Cadence UART is brought to rest, and what is saved of it.
#include "common/quiesce/device_kind.hpp"

#include "common/quiesce/steps.hpp"
#include "common/registers/uart.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace aliasvm::quiesce
{

using namespace registers::uart;

namespace
{

constexpr std::array<std::string_view, 2> compatibles{"xlnx,zynqmp-uart", "cdns,uart-r1p12"};

Rest rest(RegisterWindow& registers)
{
    constexpr std::uint32_t mode_8n1 = 0x020;
    constexpr std::uint32_t trigger_reset_value = 0x20;
    // 100 MHz / (124 * (6 + 1)) = 115207 baud
    constexpr std::uint32_t generator_115200 = 124;
    constexpr std::uint32_t divider_115200 = 6;

    // The reserved ones, too: the emulator keeps what a guest wrote to them, and shows it.
    registers.write(idr, every_bit);
    registers.write(cr, cr_reset);
    registers.write(cr, cr_rxrst | cr_txrst);
    if (!comes([&] { return (registers.read(cr) & (cr_rxrst | cr_txrst)) == 0; }))
        return Rest::still_busy;
    // Not loopback, where the next owner's output would come back to it, and no flow control.
    registers.write(mr, mode_8n1);
    registers.write(modemcr, 0);
    registers.write(flowdel, 0);
    registers.write(rtor, 0);
    registers.write(rtrig, trigger_reset_value);
    registers.write(ttrig, trigger_reset_value);
    registers.write(baudgen, generator_115200);
    registers.write(bauddiv, divider_115200);
    registers.write(isr, irq_all);
    registers.write(cr, cr_rxen | cr_txen);
    return Rest::at_rest;
}

void save(RegisterReader& registers)
{
    // A rate is not to change under a running receiver (UG1085).
    registers.write(cr, cr_rxdis | cr_txdis);
    registers.plain({mr, baudgen, bauddiv, rtor, rtrig, ttrig, modemcr, flowdel});
    registers.write(ier, registers.read(imr));
    registers.write(cr, registers.read(cr) & cr_lasting);
}

} // namespace

constinit const DeviceKind uart_kind{compatibles, rest, save};

} // namespace aliasvm::quiesce
