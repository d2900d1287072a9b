// SPDX-License-Identifier: Apache-2.0
// How the triple timer counter is brought to rest, and what is saved of it.
#include "common/quiesce/device_kind.hpp"

#include "common/quiesce/steps.hpp"
#include "common/registers/ttc.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace aliasvm::quiesce
{

using namespace registers::ttc;

namespace
{

constexpr std::array<std::string_view, 1> compatibles{"cdns,ttc"};

Rest rest(RegisterWindow& registers)
{
    for (std::uint32_t i = 0; i < counters; ++i)
    {
        const std::uint32_t counter = i * 4;
        registers.write(interrupt_enable + counter, 0);
        registers.write(counter_control + counter, counter_stopped);
        registers.write(event_control + counter, 0);
        registers.write(clock_control + counter, 0);
        registers.write(interval + counter, 0);
        for (const std::uint32_t offset : match)
            registers.write(offset + counter, 0);
        static_cast<void>(registers.read(interrupt_status + counter));
    }
    return Rest::at_rest;
}

void save(RegisterReader& registers)
{
    for (std::uint32_t counter = 0; counter < counters * 4; counter += 4)
    {
        registers.plain({clock_control + counter, interval + counter});
        for (const std::uint32_t offset : match)
            registers.plain({offset + counter});
        registers.plain({event_control + counter, interrupt_enable + counter});
    }
    for (std::uint32_t counter = 0; counter < counters * 4; counter += 4)
        registers.write(counter_control + counter,
                        registers.read(counter_control + counter) & lasting_control);
}

} // namespace

constinit const DeviceKind ttc_kind{compatibles, rest, save};

} // namespace aliasvm::quiesce
