// SPDX-License-Identifier: Apache-2.0
// How the CAN controller is brought to rest, and what is saved of it.
#include "common/quiesce/device_kind.hpp"

#include "common/quiesce/steps.hpp"
#include "common/registers/can.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace aliasvm::quiesce
{

using namespace registers::can;

namespace
{

constexpr std::array<std::string_view, 1> compatibles{"xlnx,zynq-can-1.0"};

Rest rest(RegisterWindow& registers)
{
    registers.write(interrupt_enable, 0);
    registers.write(software_reset, reset);
    const bool done = comes(
        [&]
        {
            return (registers.read(software_reset) & (reset | enable)) == 0 &&
                   (registers.read(status) & in_configuration_mode) != 0;
        });
    if (!done)
        return Rest::still_busy;
    // Off first, so that the masks and ids can be written: some versions do not reset them.
    registers.write(filter_use, 0);
    for (std::uint32_t offset = filters; offset < filters_end; offset += 4)
        registers.write(offset, 0);
    registers.write(interrupt_clear, every_interrupt);
    return Rest::at_rest;
}

void save(RegisterReader& registers)
{
    registers.plain({baud_prescaler, bit_timing, mode_select, watermark});
    registers.plain_range(filters, filters_end);
    // After the filters, which cannot be written while they are in use.
    registers.plain({filter_use, interrupt_enable});
    registers.write(software_reset, registers.read(software_reset) & enable);
}

} // namespace

constinit const DeviceKind can_kind{compatibles, rest, save};

} // namespace aliasvm::quiesce
