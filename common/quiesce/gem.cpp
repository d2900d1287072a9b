// SPDX-License-Identifier: Apache-2.0
// How the Gigabit Ethernet MAC is brought to rest, and what is saved of it.
#include "common/quiesce/device_kind.hpp"

#include "common/quiesce/steps.hpp"
#include "common/registers/gem.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace aliasvm::quiesce
{

using namespace registers::gem;

namespace
{

constexpr std::array<std::string_view, 1> compatibles{"xlnx,zynqmp-gem"};

/// Nothing moves: no frame goes out, and no queue's pointer changes while the longest frame of the
/// slowest link could come in.
bool dma_stops(RegisterWindow& registers)
{
    constexpr int still_for = 10'000; // times five reads of 100 ns: 5 ms
    const auto pointers = [&registers]
    {
        return std::array{registers.read(transmit_queue), registers.read(receive_queue),
                          registers.read(transmit_queue_q1), registers.read(receive_queue_q1)};
    };
    auto last = pointers();
    int unchanged = 0;
    return comes(
        [&]
        {
            const auto now = pointers();
            const bool going = (registers.read(transmit_status) & transmit_go) != 0;
            unchanged = now == last && !going ? unchanged + 1 : 0;
            last = now;
            return unchanged == still_for;
        });
}

Rest rest(RegisterWindow& registers)
{
    const bool management_idle =
        comes([&] { return (registers.read(network_status) & phy_management_idle) != 0; });
    registers.write(interrupt_disable, every_bit);
    for (const std::uint32_t offset : interrupt_disable_q)
        registers.write(offset, every_bit);

    set_bits(registers, network_control, halt_transmit);
    // A receiver that takes no frame comes to rest on a busy wire, too.
    set_bits(registers, network_configuration, no_broadcast);
    clear_bits(registers, network_configuration, copy_all | match_hash_and_external);
    for (std::uint32_t bottom = addresses; bottom < addresses_end; bottom += 8)
        registers.write(bottom, 0); // which switches that address off
    for (std::uint32_t type = type_matches; type < type_matches_end; type += 4)
        registers.write(type, 0);
    const bool stopped = dma_stops(registers);
    clear_bits(registers, network_control, receive_enable | transmit_enable);
    if (!management_idle || !stopped)
        return Rest::still_busy;

    registers.write(network_control, clear_statistics);
    registers.write(network_control, flush_packet_buffer);
    registers.write(network_control, 0);
    for (const std::uint32_t offset :
         {transmit_status, receive_status, interrupt_status, interrupt_status_q1})
        registers.write(offset, every_bit);
    for (const std::uint32_t offset :
         {transmit_queue, receive_queue, transmit_queue_q1, receive_queue_q1, transmit_queue_msb,
          receive_queue_msb, hash_bottom, hash_top, timer_increment})
        registers.write(offset, 0);
    registers.write(longest_frame, longest_frame_reset_value);
    registers.write(dma_configuration, dma_reset_value);
    registers.write(network_configuration, configuration_reset_value);
    return Rest::at_rest;
}

void save(RegisterReader& registers)
{
    registers.plain(
        {network_configuration, dma_configuration, longest_frame, hash_bottom, hash_top});
    for (std::uint32_t bottom = addresses; bottom < addresses_end; bottom += 8)
    {
        // Writing the top half switches an address on; one that was never set has to stay off.
        if ((registers.read(bottom) | registers.read(bottom + 4)) != 0)
            registers.plain({bottom, bottom + 4});
    }
    registers.plain_range(type_matches, type_matches_end);
    registers.plain({timer_increment, buffer_size_q1, transmit_queue_msb, receive_queue_msb,
                     transmit_queue, receive_queue, transmit_queue_q1, receive_queue_q1});
    registers.write(interrupt_enable, ~registers.read(interrupt_mask));
    registers.write(interrupt_enable_q1, ~registers.read(interrupt_mask_q1));
    registers.write(network_control, registers.read(network_control) & ~one_shot_control);
}

} // namespace

constinit const DeviceKind gem_kind{compatibles, rest, save};

} // namespace aliasvm::quiesce
