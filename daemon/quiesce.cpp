// SPDX-License-Identifier: Apache-2.0
// One function a device kind, in a table by compatible string.
#include "daemon/quiesce.hpp"

#include <array>
#include <cstdint>

namespace aliasvm::daemon
{

namespace
{

/// Each read of a peripheral takes about 100 ns on silicon, so this is over 10 ms.
constexpr int poll_limit = 100'000;

namespace uart
{
constexpr std::uint32_t control = 0x00;
constexpr std::uint32_t mode = 0x04;
constexpr std::uint32_t interrupt_disable = 0x0c;
constexpr std::uint32_t interrupt_status = 0x14; // write 1 to clear
constexpr std::uint32_t baud_generator = 0x18;
constexpr std::uint32_t receiver_timeout = 0x1c;
constexpr std::uint32_t receiver_trigger = 0x20;
constexpr std::uint32_t baud_divider = 0x34;
constexpr std::uint32_t transmitter_trigger = 0x44;

constexpr std::uint32_t every_interrupt = 0x3fff;
constexpr std::uint32_t reset_fifos = 0x003;  // RXRES, TXRES: clear themselves
constexpr std::uint32_t enable_both = 0x014;  // RXEN, TXEN
constexpr std::uint32_t disable_both = 0x028; // RXDIS, TXDIS
constexpr std::uint32_t stop_break = 0x100;
constexpr std::uint32_t mode_8n1 = 0x020;
constexpr std::uint32_t trigger_reset_value = 0x20;
// 100 MHz / (124 * (6 + 1)) = 115207 baud
constexpr std::uint32_t generator_115200 = 124;
constexpr std::uint32_t divider_115200 = 6;
} // namespace uart

Rest rest_uart(RegisterWindow& registers)
{
    registers.write(uart::interrupt_disable, uart::every_interrupt);
    registers.write(uart::control, uart::disable_both | uart::stop_break);
    registers.write(uart::control, uart::reset_fifos);
    int polls = 0;
    while ((registers.read(uart::control) & uart::reset_fifos) != 0)
    {
        if (++polls == poll_limit)
            return Rest::still_busy;
    }
    // Not loopback, where the next owner's output would come back to it.
    registers.write(uart::mode, uart::mode_8n1);
    registers.write(uart::receiver_timeout, 0);
    registers.write(uart::receiver_trigger, uart::trigger_reset_value);
    registers.write(uart::transmitter_trigger, uart::trigger_reset_value);
    registers.write(uart::baud_generator, uart::generator_115200);
    registers.write(uart::baud_divider, uart::divider_115200);
    registers.write(uart::interrupt_status, uart::every_interrupt);
    registers.write(uart::control, uart::enable_both);
    return Rest::at_rest;
}

namespace ttc
{
constexpr std::uint32_t counters = 3;
constexpr std::uint32_t clock_control = 0x00;
constexpr std::uint32_t counter_control = 0x0c;
constexpr std::uint32_t interval = 0x24;
constexpr std::uint32_t interrupt_status = 0x54; // read to clear
constexpr std::uint32_t interrupt_enable = 0x60;

constexpr std::uint32_t counter_stopped = 0x21; // reset value: waveform off, counter off
} // namespace ttc

Rest rest_ttc(RegisterWindow& registers)
{
    for (std::uint32_t i = 0; i < ttc::counters; ++i)
    {
        const std::uint32_t counter = i * 4;
        registers.write(ttc::interrupt_enable + counter, 0);
        registers.write(ttc::counter_control + counter, ttc::counter_stopped);
        registers.write(ttc::clock_control + counter, 0);
        registers.write(ttc::interval + counter, 0);
        static_cast<void>(registers.read(ttc::interrupt_status + counter));
    }
    return Rest::at_rest;
}

struct Sequence
{
    std::string_view compatible;
    Rest (*run)(RegisterWindow&);
};

constexpr std::array sequences{
    Sequence{"xlnx,zynqmp-uart", rest_uart},
    Sequence{"cdns,ttc", rest_ttc},
};

} // namespace

Rest bring_to_rest(std::string_view compatible, RegisterWindow& registers)
{
    for (const Sequence& sequence : sequences)
    {
        if (sequence.compatible == compatible)
            return sequence.run(registers);
    }
    return Rest::no_sequence;
}

} // namespace aliasvm::daemon
