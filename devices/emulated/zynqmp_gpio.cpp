// SPDX-License-Identifier: Apache-2.0
// The GPIO controller's behaviour, see UG1085 (general purpose I/O) and UG1087 (GPIO module).
#include "devices/emulated/zynqmp_gpio.hpp"

#include "devices/emulated/word_access.hpp"

namespace aliasvm::devices
{

namespace
{

constexpr std::uint64_t mask_data = 0x000;
constexpr std::uint64_t mask_data_stride = 8;
constexpr std::uint64_t data = 0x040;
constexpr std::uint64_t data_ro = 0x060;
constexpr std::uint64_t data_stride = 4;
constexpr std::uint64_t bank_registers = 0x200;
constexpr std::uint64_t bank_stride = 0x40;

// Within bank_registers + bank_stride * n
constexpr std::uint64_t dirm = 0x04;
constexpr std::uint64_t oen = 0x08;
constexpr std::uint64_t int_mask = 0x0c;
constexpr std::uint64_t int_en = 0x10;
constexpr std::uint64_t int_dis = 0x14;
constexpr std::uint64_t int_stat = 0x18;
constexpr std::uint64_t int_type = 0x1c;
constexpr std::uint64_t int_polarity = 0x20;
constexpr std::uint64_t int_any = 0x24;

constexpr std::uint32_t button = 1U << ZynqmpGpio::button_pin; // in bank 0

/// The pins that a bank has: 26 of MIO, 32 of EMIO.
constexpr std::uint32_t pins_of(std::size_t bank)
{
    return bank < 3 ? (1U << 26) - 1 : ~0U;
}

constexpr bool within(std::uint64_t offset, std::uint64_t base, std::uint64_t stride)
{
    return offset >= base && offset < base + stride * ZynqmpGpio::banks;
}

} // namespace

ZynqmpGpio::ZynqmpGpio(IrqLine& irq) noexcept : irq_{irq}
{
    for (std::size_t n = 0; n < banks; ++n)
    {
        banks_[n].masked = pins_of(n);
        banks_[n].edge = pins_of(n);
    }
}

std::uint64_t ZynqmpGpio::read(std::uint64_t offset, std::uint8_t width) noexcept
{
    const std::lock_guard lock{mutex_};
    return read_words(offset, width, [this](std::uint64_t at) { return read_word(at); });
}

void ZynqmpGpio::write(std::uint64_t offset, std::uint8_t width, std::uint64_t value) noexcept
{
    const std::lock_guard lock{mutex_};
    write_words(offset, width, value,
                [this](std::uint64_t at, std::uint32_t word) { write_word(at, word); });
}

void ZynqmpGpio::press() noexcept
{
    set_button(true);
}

void ZynqmpGpio::release() noexcept
{
    set_button(false);
}

void ZynqmpGpio::set_button(bool down) noexcept
{
    const std::lock_guard lock{mutex_};
    banks_[0].input = down ? button : 0;
    settle();
}

std::uint32_t ZynqmpGpio::Bank::level() const noexcept
{
    const std::uint32_t driven = direction & output_enable;
    return (data & driven) | (input & ~driven);
}

std::uint32_t ZynqmpGpio::Bank::status() const noexcept
{
    return latched | (~edge & ~(pins ^ polarity));
}

std::uint32_t ZynqmpGpio::read_word(std::uint64_t offset) const noexcept
{
    if (within(offset, mask_data, mask_data_stride))
    {
        const Bank& bank = banks_[offset / mask_data_stride];
        return offset % mask_data_stride == 0 ? bank.data & 0xffff : bank.data >> 16;
    }
    if (within(offset, data, data_stride))
    {
        const Bank& bank = banks_[(offset - data) / data_stride];
        return (bank.data & bank.direction) | (bank.pins & ~bank.direction);
    }
    if (within(offset, data_ro, data_stride))
        return banks_[(offset - data_ro) / data_stride].pins;
    if (within(offset, bank_registers, bank_stride))
    {
        const std::size_t n = (offset - bank_registers) / bank_stride;
        return read_bank(banks_[n], offset % bank_stride) & pins_of(n);
    }
    return 0;
}

std::uint32_t ZynqmpGpio::read_bank(const Bank& bank, std::uint64_t offset) const noexcept
{
    switch (offset)
    {
    case dirm:
        return bank.direction;
    case oen:
        return bank.output_enable;
    case int_mask:
        return bank.masked;
    case int_stat:
        return bank.status();
    case int_type:
        return bank.edge;
    case int_polarity:
        return bank.polarity;
    case int_any:
        return bank.any_edge;
    default:
        return 0;
    }
}

void ZynqmpGpio::write_word(std::uint64_t offset, std::uint32_t value) noexcept
{
    if (within(offset, mask_data, mask_data_stride))
    {
        const std::size_t n = offset / mask_data_stride;
        const unsigned shift = offset % mask_data_stride == 0 ? 0 : 16;
        const std::uint32_t change = (~value >> 16) << shift & pins_of(n);
        banks_[n].data = (banks_[n].data & ~change) | (value << shift & change);
    }
    else if (within(offset, data, data_stride))
    {
        const std::size_t n = (offset - data) / data_stride;
        banks_[n].data = value & pins_of(n);
    }
    else if (within(offset, bank_registers, bank_stride))
    {
        const std::size_t n = (offset - bank_registers) / bank_stride;
        write_bank(banks_[n], offset % bank_stride, value & pins_of(n));
    }
    settle();
}

void ZynqmpGpio::write_bank(Bank& bank, std::uint64_t offset, std::uint32_t value) noexcept
{
    switch (offset)
    {
    case dirm:
        bank.direction = value;
        break;
    case oen:
        bank.output_enable = value;
        break;
    case int_en:
        bank.masked &= ~value;
        break;
    case int_dis:
        bank.masked |= value;
        break;
    case int_stat:
        bank.latched &= ~value;
        break;
    case int_type:
        bank.edge = value;
        break;
    case int_polarity:
        bank.polarity = value;
        break;
    case int_any:
        bank.any_edge = value;
        break;
    default:
        break;
    }
}

void ZynqmpGpio::settle() noexcept
{
    bool level = false;
    for (std::size_t n = 0; n < banks; ++n)
    {
        Bank& bank = banks_[n];
        const std::uint32_t changed = bank.level() ^ bank.pins;
        bank.pins = bank.level();
        // Of the pins that moved, those whose new level is the one that counts.
        const std::uint32_t counts = bank.any_edge | ~(bank.pins ^ bank.polarity);
        bank.latched |= changed & bank.edge & counts;
        level = level || (bank.status() & ~bank.masked & pins_of(n)) != 0;
    }
    if (level != level_)
    {
        level_ = level;
        irq_.set(level);
    }
}

} // namespace aliasvm::devices
