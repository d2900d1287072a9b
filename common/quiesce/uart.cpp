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
    // The reserved ones, too: the emulator keeps what a guest wrote to them, and shows it.
    registers.write(idr, every_bit);
    registers.write(cr, cr_reset);
    registers.write(cr, cr_rxrst | cr_txrst);
    if (!comes([&] { return (registers.read(cr) & (cr_rxrst | cr_txrst)) == 0; }))
        return Rest::still_busy;
    // Out of loopback, too, where the next owner's output would come back to it.
    for (const Setting& setting : as_booted)
        registers.write(setting.offset, setting.value);
    registers.write(isr, irq_all);
    registers.write(cr, cr_as_booted);
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
