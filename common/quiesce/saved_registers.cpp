// SPDX-License-Identifier: Apache-2.0
// One function a device kind says what to read, and what to write for it, in the order of
// restore().
#include "common/quiesce/saved_registers.hpp"

#include "common/quiesce/device_registers.hpp"

#include <array>
#include <initializer_list>
#include <string_view>

namespace aliasvm::quiesce
{

namespace
{

/// Collects the writes of restore() while it reads.
class Reader
{
public:
    Reader(RegisterWindow& registers, std::vector<RegisterWrite>& writes)
        : registers_{registers}, writes_{writes}
    {
    }

    [[nodiscard]] std::uint32_t read(std::uint32_t offset) { return registers_.read(offset); }
    void write(std::uint32_t offset, std::uint32_t value) { writes_.push_back({offset, value}); }

    /// Registers that hold what is written to them.
    void plain(std::initializer_list<std::uint32_t> offsets)
    {
        for (const std::uint32_t offset : offsets)
            write(offset, read(offset));
    }
    void plain_range(std::uint32_t from, std::uint32_t end)
    {
        for (std::uint32_t offset = from; offset < end; offset += 4)
            plain({offset});
    }

private:
    RegisterWindow& registers_;
    std::vector<RegisterWrite>& writes_;
};

void save_uart(Reader& registers)
{
    using namespace uart;
    // A rate is not to change under a running receiver (UG1085).
    registers.write(control, disable_both);
    registers.plain({mode, baud_generator, baud_divider, receiver_timeout, receiver_trigger,
                     transmitter_trigger, modem_control, flow_delay});
    registers.write(interrupt_enable, registers.read(interrupt_mask));
    registers.write(control, registers.read(control) & lasting_control);
}

void save_ttc(Reader& registers)
{
    using namespace ttc;
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

void save_can(Reader& registers)
{
    using namespace can;
    registers.plain({baud_prescaler, bit_timing, mode_select, watermark});
    registers.plain_range(filters, filters_end);
    // After the filters, which cannot be written while they are in use.
    registers.plain({filter_use, interrupt_enable});
    registers.write(software_reset, registers.read(software_reset) & enable);
}

void save_i2c(Reader& registers)
{
    using namespace i2c;
    const std::uint32_t mode = registers.read(control);
    if ((mode & master) == 0)
        registers.plain({address});
    registers.plain({time_out, slave_pause});
    registers.write(interrupt_enable, ~registers.read(interrupt_mask) & every_interrupt);
    registers.write(control, mode & ~clear_fifo);
}

void save_spi(Reader& registers)
{
    using namespace spi;
    registers.write(configuration, registers.read(configuration) & ~manual_start);
    registers.plain({delay, slave_idle_count, transmit_threshold, receive_threshold});
    registers.write(interrupt_enable, registers.read(interrupt_mask) & every_interrupt);
    registers.plain({enable});
}

void save_gem(Reader& registers)
{
    using namespace gem;
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

struct Kind
{
    std::string_view compatible;
    void (*save)(Reader&);
};

constexpr std::array kinds{
    Kind{"xlnx,zynqmp-uart", save_uart}, Kind{"cdns,uart-r1p12", save_uart},
    Kind{"cdns,ttc", save_ttc},          Kind{"xlnx,zynq-can-1.0", save_can},
    Kind{"cdns,i2c-r1p14", save_i2c},    Kind{"cdns,spi-r1p6", save_spi},
    Kind{"xlnx,zynqmp-gem", save_gem},
};

} // namespace

SavedRegisters SavedRegisters::save(std::span<const std::string> compatibles,
                                    RegisterWindow& registers)
{
    SavedRegisters saved;
    Reader reader{registers, saved.writes_};
    for (const std::string& compatible : compatibles)
    {
        for (const Kind& kind : kinds)
        {
            if (kind.compatible != compatible)
                continue;
            kind.save(reader);
            return saved;
        }
    }
    return saved;
}

void SavedRegisters::restore(RegisterWindow& registers) const
{
    for (const RegisterWrite& write : writes_)
        registers.write(write.offset, write.value);
}

} // namespace aliasvm::quiesce
