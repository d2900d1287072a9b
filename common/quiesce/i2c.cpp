// SPDX-License-Identifier: Apache-2.0
// How the I2C controller is brought to rest, and what is saved of it.
#include "common/quiesce/device_kind.hpp"

#include "common/quiesce/steps.hpp"
#include "common/registers/i2c.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace aliasvm::quiesce
{

using namespace registers::i2c;

namespace
{

constexpr std::array<std::string_view, 1> compatibles{"cdns,i2c-r1p14"};

Rest rest(RegisterWindow& registers)
{
    registers.write(interrupt_disable, every_interrupt);
    // A master that lets go of the bus ends the byte on the wire with a stop.
    const std::uint32_t had = registers.read(control);
    registers.write(control, (had & ~(hold_bus | monitor_slave)) | clear_fifo);
    registers.write(transfer_size, 0);
    if ((had & master) != 0)
        // Over the bound, somebody else holds the bus: the controller leaves it below all the same.
        static_cast<void>(comes([&] { return (registers.read(status) & bus_active) == 0; }));
    registers.write(control, clear_fifo);
    if (!comes([&] { return (registers.read(control) & clear_fifo) == 0; }))
        return Rest::still_busy;
    registers.write(control, 0);
    registers.write(address, 0);
    registers.write(slave_pause, 0);
    registers.write(time_out, time_out_reset_value);
    registers.write(interrupt_status, every_interrupt);
    return Rest::at_rest;
}

void save(RegisterReader& registers)
{
    const std::uint32_t mode = registers.read(control);
    if ((mode & master) == 0)
        registers.plain({address});
    registers.plain({time_out, slave_pause});
    registers.write(interrupt_enable, ~registers.read(interrupt_mask) & every_interrupt);
    registers.write(control, mode & ~clear_fifo);
}

} // namespace

constinit const DeviceKind i2c_kind{compatibles, rest, save};

} // namespace aliasvm::quiesce
