// SPDX-License-Identifier: Apache-2.0
// One function a device kind, in a table by compatible string.
#include "common/quiesce/quiesce.hpp"

#include "common/quiesce/device_registers.hpp"

#include <array>
#include <string_view>

namespace aliasvm::quiesce
{

namespace
{

/// Each read of a peripheral takes about 100 ns on silicon, so this is over 10 ms.
constexpr int poll_limit = 100'000;

/// Whether it comes to be within the bound.
bool comes(const auto& condition)
{
    for (int polls = 0; polls < poll_limit; ++polls)
    {
        if (condition())
            return true;
    }
    return false;
}

void set_bits(RegisterWindow& registers, std::uint32_t offset, std::uint32_t bits)
{
    registers.write(offset, registers.read(offset) | bits);
}

void clear_bits(RegisterWindow& registers, std::uint32_t offset, std::uint32_t bits)
{
    registers.write(offset, registers.read(offset) & ~bits);
}

Rest rest_uart(RegisterWindow& registers)
{
    using namespace uart;
    constexpr std::uint32_t mode_8n1 = 0x020;
    constexpr std::uint32_t trigger_reset_value = 0x20;
    // 100 MHz / (124 * (6 + 1)) = 115207 baud
    constexpr std::uint32_t generator_115200 = 124;
    constexpr std::uint32_t divider_115200 = 6;

    // The reserved ones, too: the emulator keeps what a guest wrote to them, and shows it.
    registers.write(interrupt_disable, every_bit);
    registers.write(control, disable_both | stop_break);
    registers.write(control, reset_fifos);
    if (!comes([&] { return (registers.read(control) & reset_fifos) == 0; }))
        return Rest::still_busy;
    // Not loopback, where the next owner's output would come back to it, and no flow control.
    registers.write(mode, mode_8n1);
    registers.write(modem_control, 0);
    registers.write(flow_delay, 0);
    registers.write(receiver_timeout, 0);
    registers.write(receiver_trigger, trigger_reset_value);
    registers.write(transmitter_trigger, trigger_reset_value);
    registers.write(baud_generator, generator_115200);
    registers.write(baud_divider, divider_115200);
    registers.write(interrupt_status, every_interrupt);
    registers.write(control, enable_both);
    return Rest::at_rest;
}

Rest rest_ttc(RegisterWindow& registers)
{
    using namespace ttc;
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

Rest rest_can(RegisterWindow& registers)
{
    using namespace can;
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

Rest rest_i2c(RegisterWindow& registers)
{
    using namespace i2c;
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

Rest rest_spi(RegisterWindow& registers)
{
    using namespace spi;
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

/// Nothing moves: no frame goes out, and no queue's pointer changes while the longest frame of the
/// slowest link could come in.
bool dma_stops(RegisterWindow& registers)
{
    using namespace gem;
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

Rest rest_gem(RegisterWindow& registers)
{
    using namespace gem;
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

struct Sequence
{
    std::string_view compatible;
    Rest (*run)(RegisterWindow&);
};

constexpr std::array sequences{
    Sequence{"xlnx,zynqmp-uart", rest_uart}, Sequence{"cdns,uart-r1p12", rest_uart},
    Sequence{"cdns,ttc", rest_ttc},          Sequence{"xlnx,zynq-can-1.0", rest_can},
    Sequence{"cdns,i2c-r1p14", rest_i2c},    Sequence{"cdns,spi-r1p6", rest_spi},
    Sequence{"xlnx,zynqmp-gem", rest_gem},
};

const Sequence* sequence_for(std::span<const std::string> compatibles)
{
    for (const std::string& compatible : compatibles)
    {
        for (const Sequence& sequence : sequences)
        {
            if (sequence.compatible == compatible)
                return &sequence;
        }
    }
    return nullptr;
}

} // namespace

bool has_sequence(std::span<const std::string> compatibles)
{
    return sequence_for(compatibles) != nullptr;
}

Rest bring_to_rest(std::span<const std::string> compatibles, RegisterWindow& registers)
{
    const Sequence* const sequence = sequence_for(compatibles);
    return sequence == nullptr ? Rest::no_sequence : sequence->run(registers);
}

} // namespace aliasvm::quiesce
