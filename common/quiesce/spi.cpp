// SPDX-License-Identifier: Apache-2.0
// How the SPI controller is brought to rest, and what is saved of it.
#include "common/quiesce/device_kind.hpp"

#include "common/quiesce/steps.hpp"
#include "common/registers/spi.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace aliasvm::quiesce
{

using namespace registers::spi;

namespace
{

constexpr std::array<std::string_view, 1> compatibles{"cdns,spi-r1p6"};

Rest rest(RegisterWindow& registers)
{
    registers.write(interrupt_disable, every_interrupt);
    registers.write(enable, 0);
    registers.write(transmit_threshold, 1);
    registers.write(receive_threshold, 1); // so that receive_not_empty says what it is called
    const bool drained = comes(
        [&]
        {
            if ((registers.read(interrupt_status) & receive_not_empty) == 0)
                return true;
            static_cast<void>(registers.read(receive_data));
            return false;
        });
    if (!drained)
        return Rest::still_busy;
    registers.write(configuration, configuration_reset_value);
    registers.write(delay, 0);
    registers.write(slave_idle_count, slave_idle_count_reset_value);
    registers.write(interrupt_status, every_interrupt);
    return Rest::at_rest;
}

void save(RegisterReader& registers)
{
    registers.write(configuration, registers.read(configuration) & ~manual_start);
    registers.plain({delay, slave_idle_count, transmit_threshold, receive_threshold});
    registers.write(interrupt_enable, registers.read(interrupt_mask) & every_interrupt);
    registers.plain({enable});
}

} // namespace

constinit const DeviceKind spi_kind{compatibles, rest, save};

} // namespace aliasvm::quiesce
