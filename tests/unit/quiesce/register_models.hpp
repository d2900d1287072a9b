// SPDX-License-Identifier: Apache-2.0
// Models of devices' registers, with the behaviour that matters when they are brought to rest.
#pragma once

#include "common/quiesce/register_window.hpp"
#include "common/registers/can.hpp"
#include "common/registers/gem.hpp"
#include "common/registers/i2c.hpp"
#include "common/registers/spi.hpp"
#include "common/registers/ttc.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace aliasvm::quiesce
{

namespace can = registers::can;
namespace gem = registers::gem;
namespace i2c = registers::i2c;
namespace spi = registers::spi;
namespace ttc = registers::ttc;

/// Registers that hold what is written to them, but for those that a model says more of. Every
/// access is remembered.
class RegisterModel : public RegisterWindow
{
public:
    std::uint32_t read(std::uint32_t offset) override
    {
        reads.push_back(offset);
        const std::uint32_t value = held[offset];
        if (clear_on_read.contains(offset))
            held[offset] = 0;
        if (const auto found = self_clearing.find(offset); found != self_clearing.end() && !stuck)
            held[offset] &= ~found->second;
        return value;
    }

    void write(std::uint32_t offset, std::uint32_t value) override
    {
        writes.emplace_back(offset, value);
        if (read_only.contains(offset))
            return;
        if (clear_by_writing_one.contains(offset))
            held[offset] &= ~value;
        else if (const auto set = enables.find(offset); set != enables.end())
            change_mask(set->second, value, true);
        else if (const auto clear = disables.find(offset); clear != disables.end())
            change_mask(clear->second, value, false);
        else
            held[offset] = value;
    }

    [[nodiscard]] std::uint32_t operator[](std::uint32_t offset) { return held[offset]; }

    std::map<std::uint32_t, std::uint32_t> held;
    std::vector<std::uint32_t> reads;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> writes;
    bool stuck{}; ///< bits that clear themselves do not

protected:
    struct Mask
    {
        std::uint32_t offset{};
        std::uint32_t bits{};
        bool set_is_disabled{};
    };

    void change_mask(const Mask& mask, std::uint32_t bits, bool enable)
    {
        if (enable != mask.set_is_disabled)
            held[mask.offset] |= bits & mask.bits;
        else
            held[mask.offset] &= ~bits;
    }

    std::set<std::uint32_t> clear_on_read;
    std::set<std::uint32_t> clear_by_writing_one;
    std::set<std::uint32_t> read_only;
    std::map<std::uint32_t, std::uint32_t> self_clearing;
    std::map<std::uint32_t, Mask> enables;
    std::map<std::uint32_t, Mask> disables;
};

struct TtcModel final : RegisterModel
{
    TtcModel() { clear_on_read = {0x54, 0x58, 0x5c}; }
};

struct CanModel final : RegisterModel
{
    CanModel()
    {
        read_only = {can::status};
        held[can::status] = can::in_configuration_mode;
    }
    void write(std::uint32_t offset, std::uint32_t value) override
    {
        const bool is_filter = offset >= can::filters && offset < can::filters_end;
        const bool is_timing = offset == can::baud_prescaler || offset == can::bit_timing;
        if ((is_filter && held[can::filter_use] != 0) ||
            (is_timing && (held[can::software_reset] & can::enable) != 0))
            ++refused;
        else
            RegisterModel::write(offset, value);
        if (offset != can::software_reset)
            return;
        if ((value & can::reset) != 0 && !stuck)
            held = {{can::status, can::in_configuration_mode}, {can::watermark, 0x3f3f}};
        else if ((value & can::enable) != 0)
            held[can::status] = 0x8;
    }
    int refused{}; ///< writes that the device ignores in the state that it is in
};

struct I2cModel final : RegisterModel
{
    I2cModel()
    {
        clear_by_writing_one = {i2c::interrupt_status};
        read_only = {i2c::status, i2c::interrupt_mask};
        self_clearing = {{i2c::control, i2c::clear_fifo}};
        const Mask mask{i2c::interrupt_mask, i2c::every_interrupt, true};
        enables = {{i2c::interrupt_enable, mask}};
        disables = {{i2c::interrupt_disable, mask}};
        held[i2c::interrupt_mask] = i2c::every_interrupt;
    }
    void write(std::uint32_t offset, std::uint32_t value) override
    {
        if (offset == i2c::address && (held[i2c::control] & i2c::master) != 0)
            ++transfers;
        RegisterModel::write(offset, value);
    }
    std::uint32_t read(std::uint32_t offset) override
    {
        const std::uint32_t value = RegisterModel::read(offset);
        if (offset == i2c::status && bus_held != 0 && --bus_held == 0)
            held[i2c::status] &= ~i2c::bus_active;
        return value;
    }
    int transfers{};
    int bus_held{}; ///< reads of the status for which the bus is active still
};

struct SpiModel final : RegisterModel
{
    SpiModel()
    {
        clear_by_writing_one = {spi::interrupt_status};
        read_only = {spi::interrupt_mask};
        const Mask mask{spi::interrupt_mask, spi::every_interrupt, false};
        enables = {{spi::interrupt_enable, mask}};
        disables = {{spi::interrupt_disable, mask}};
    }
    std::uint32_t read(std::uint32_t offset) override
    {
        if (offset == spi::receive_data && !fifo.empty() && !stuck)
            fifo.pop_front();
        if (offset != spi::interrupt_status)
            return RegisterModel::read(offset);
        const bool filled = !fifo.empty() && fifo.size() >= held[spi::receive_threshold];
        return (held[offset] & ~spi::receive_not_empty) | (filled ? spi::receive_not_empty : 0);
    }
    std::deque<std::uint8_t> fifo;
};

/// A GEM on a busy wire: its pointers move with each look at them for as long as frames come and
/// go.
struct GemModel final : RegisterModel
{
    GemModel()
    {
        clear_by_writing_one = {gem::transmit_status, gem::receive_status, gem::interrupt_status,
                                gem::interrupt_status_q1};
        read_only = {gem::network_status, gem::interrupt_mask, gem::interrupt_mask_q1};
        const Mask first{gem::interrupt_mask, 0x7fff'ffff, true};
        const Mask second{gem::interrupt_mask_q1, 0xcfe, true};
        enables = {{gem::interrupt_enable, first}, {gem::interrupt_enable_q1, second}};
        disables = {{gem::interrupt_disable, first}, {gem::interrupt_disable_q[0], second}};
        held[gem::interrupt_mask] = first.bits;
        held[gem::interrupt_mask_q1] = second.bits;
        held[gem::network_status] = gem::phy_management_idle;
    }
    std::uint32_t read(std::uint32_t offset) override
    {
        if (offset == gem::receive_queue && receives())
            move(gem::receive_queue, gem::receive_queue_q1);
        if (offset == gem::transmit_queue && transmits())
            move(gem::transmit_queue, gem::transmit_queue_q1);
        if (offset == gem::transmit_status)
            return (held[offset] & ~gem::transmit_go) | (transmits() ? gem::transmit_go : 0);
        return RegisterModel::read(offset);
    }
    void write(std::uint32_t offset, std::uint32_t value) override
    {
        const bool pointer = offset == gem::transmit_queue || offset == gem::receive_queue ||
                             offset == gem::transmit_queue_q1 || offset == gem::receive_queue_q1;
        if (pointer && (receives() || transmits()))
            ++pulled_away;
        if (offset >= gem::addresses && offset < gem::addresses_end)
            active[(offset - gem::addresses) / 8] = (offset - gem::addresses) % 8 != 0;
        RegisterModel::write(offset, value);
        // What it does once, it does not hold. Halting lasts until the next start.
        if (offset == gem::network_control)
        {
            halted = (value & gem::halt_transmit) != 0 || (halted && (value & 0x200) == 0);
            held[offset] &= ~gem::one_shot_control;
        }
    }
    [[nodiscard]] bool receives()
    {
        const std::uint32_t configuration = held[gem::network_configuration];
        bool accepts = (configuration & gem::copy_all) != 0 ||
                       (configuration & gem::match_hash_and_external) != 0 ||
                       (configuration & gem::no_broadcast) == 0;
        for (const bool address : active)
            accepts = accepts || address;
        for (std::uint32_t type = gem::type_matches; type < gem::type_matches_end; type += 4)
            accepts = accepts || held[type] != 0;
        return (held[gem::network_control] & gem::receive_enable) != 0 && (accepts || stuck);
    }
    [[nodiscard]] bool transmits()
    {
        // The frame that is on the wire ends by itself.
        if (halted && frame_left > 0 && !stuck)
            --frame_left;
        return (held[gem::network_control] & gem::transmit_enable) != 0 &&
               (!halted || frame_left > 0);
    }
    int pulled_away{}; ///< pointers written under a running DMA
    int frame_left{50};
    bool halted{};
    std::array<bool, 4> active{}; ///< address filters

private:
    void move(std::uint32_t one, std::uint32_t other) { held[++turn_ % 2 == 0 ? one : other] += 8; }
    unsigned turn_{};
};

} // namespace aliasvm::quiesce
