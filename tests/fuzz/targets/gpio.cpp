// SPDX-License-Identifier: Apache-2.0
// The emulated GPIO beside a second one, written pin by pin from the table in its header.
#include "devices/emulated/zynqmp_gpio.hpp"
#include "tests/fuzz/targets/target.hpp"
#include "tests/unit/devices/fake_irq_line.hpp"

#include <array>
#include <vector>

namespace aliasvm::fuzz
{
namespace
{

using devices::ZynqmpGpio;

/// Registers of a bank, from 0x200 + 0x40 n on.
enum Register : std::uint64_t
{
    dirm = 0x04,
    oen = 0x08,
    int_mask = 0x0c,
    int_en = 0x10,
    int_dis = 0x14,
    int_stat = 0x18,
    int_type = 0x1c,
    int_polarity = 0x20,
    int_any = 0x24,
};

struct Pin
{
    bool there{};
    bool data{};
    bool input{};
    bool output{};  ///< DIRM
    bool driving{}; ///< OEN
    bool masked{true};
    bool edge{true};
    bool high{}; ///< INT_POLARITY
    bool any{};
    bool latched{};
    bool level{}; ///< as it was last

    [[nodiscard]] bool now() const { return output && driving ? data : input; }
    [[nodiscard]] bool raised() const { return latched || (!edge && level == high); }
};

class Model
{
public:
    Model()
    {
        for (std::size_t index = 0; index < pins_.size(); ++index)
            pins_[index].there = index / 32 >= 3 || index % 32 < 26;
    }

    void press(bool down)
    {
        pins_[ZynqmpGpio::button_pin].input = down;
        settle();
    }

    void write(std::uint64_t offset, std::uint32_t value)
    {
        for (std::size_t index = 0; index < pins_.size(); ++index)
        {
            if (pins_[index].there)
                write(pins_[index], index / 32, index % 32, offset, value);
        }
        settle();
    }

    [[nodiscard]] std::uint32_t read(std::uint64_t offset) const
    {
        std::uint32_t value = 0;
        for (std::size_t index = 0; index < pins_.size(); ++index)
        {
            const Pin& pin = pins_[index];
            const std::uint64_t bank = index / 32;
            const auto bit = static_cast<unsigned>(index % 32);
            if (!pin.there)
                continue;
            if (offset == 8 * bank && bit < 16 && pin.data)
                value |= 1U << bit;
            if (offset == 8 * bank + 4 && bit >= 16 && pin.data)
                value |= 1U << (bit - 16);
            if (offset == 0x40 + 4 * bank && (pin.output ? pin.data : pin.level))
                value |= 1U << bit;
            if (offset == 0x60 + 4 * bank && pin.level)
                value |= 1U << bit;
            if (offset >= 0x200 + 0x40 * bank && offset < 0x240 + 0x40 * bank &&
                shows(pin, offset - 0x200 - 0x40 * bank))
                value |= 1U << bit;
        }
        return value;
    }

    [[nodiscard]] bool line() const
    {
        for (const Pin& pin : pins_)
        {
            if (pin.there && pin.raised() && !pin.masked)
                return true;
        }
        return false;
    }

private:
    static void write(Pin& pin, std::uint64_t bank, std::uint64_t bit, std::uint64_t offset,
                      std::uint32_t value)
    {
        const bool set = (value >> bit & 1U) != 0;
        const std::uint64_t half = bit % 16;
        if (offset == 8 * bank + (bit < 16 ? 0 : 4) && (value >> (16 + half) & 1U) == 0)
            pin.data = (value >> half & 1U) != 0;
        if (offset == 0x40 + 4 * bank)
            pin.data = set;
        if (offset < 0x200 + 0x40 * bank || offset >= 0x240 + 0x40 * bank)
            return;
        switch (offset - 0x200 - 0x40 * bank)
        {
        case dirm:
            pin.output = set;
            break;
        case oen:
            pin.driving = set;
            break;
        case int_en:
            pin.masked = pin.masked && !set;
            break;
        case int_dis:
            pin.masked = pin.masked || set;
            break;
        case int_stat:
            pin.latched = pin.latched && !set;
            break;
        case int_type:
            pin.edge = set;
            break;
        case int_polarity:
            pin.high = set;
            break;
        case int_any:
            pin.any = set;
            break;
        default:
            break;
        }
    }

    static bool shows(const Pin& pin, std::uint64_t offset)
    {
        switch (offset)
        {
        case dirm:
            return pin.output;
        case oen:
            return pin.driving;
        case int_mask:
            return pin.masked;
        case int_stat:
            return pin.raised();
        case int_type:
            return pin.edge;
        case int_polarity:
            return pin.high;
        case int_any:
            return pin.any;
        default:
            return false;
        }
    }

    void settle()
    {
        for (Pin& pin : pins_)
        {
            const bool moved = pin.now() != pin.level;
            pin.level = pin.now();
            if (moved && pin.edge && (pin.any || pin.level == pin.high))
                pin.latched = true;
        }
    }

    std::array<Pin, 32 * ZynqmpGpio::banks> pins_;
};

/// The registers that an access of any width and alignment touches: whole words, in rising order.
struct Word
{
    std::uint64_t offset;
    std::uint32_t value;
};

std::vector<Word> words_of(std::uint64_t offset, unsigned width, std::uint64_t value)
{
    std::vector<Word> words;
    for (unsigned byte = 0; byte < width; ++byte)
    {
        const std::uint64_t at = (offset + byte) / 4 * 4;
        if (words.empty() || words.back().offset != at)
            words.push_back({at, 0});
        words.back().value |= static_cast<std::uint32_t>(value >> (8 * byte) & 0xff)
                              << (8 * ((offset + byte) % 4));
    }
    return words;
}

std::uint64_t read(const Model& model, std::uint64_t offset, unsigned width)
{
    std::uint64_t value = 0;
    for (unsigned byte = 0; byte < width; ++byte)
    {
        const std::uint64_t at = offset + byte;
        value |= std::uint64_t{model.read(at / 4 * 4) >> (8 * (at % 4)) & 0xff} << (8 * byte);
    }
    return value;
}

/// Mostly where a register is, but anywhere in the window.
std::uint64_t offset_of(Input& input, unsigned width)
{
    const unsigned choice = input.number<std::uint8_t>();
    if (choice < 128)
        return choice / 4 * 4;
    if (choice < 240)
        return 0x200 + std::uint64_t{choice % 6} * 0x40 + input.below(11) * 4;
    return input.number<std::uint16_t>() % (ZynqmpGpio::window_size - width + 1);
}

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    devices::FakeIrqLine irq;
    devices::ZynqmpGpio gpio{irq};
    fuzz::Model model;
    fuzz::Input input{fuzz::as_text(data, size)};
    while (!input.empty())
    {
        const unsigned kind = input.number<std::uint8_t>();
        const auto width = static_cast<std::uint8_t>(kind < 128 ? 4 : 1U << kind % 4);
        if (kind % 8 == 0)
        {
            const bool down = input.below(2) == 1;
            down ? gpio.press() : gpio.release();
            model.press(down);
        }
        else if (kind % 8 < 4)
        {
            const std::uint64_t offset = fuzz::offset_of(input, width);
            fuzz::require(gpio.read(offset, width) == fuzz::read(model, offset, width),
                          "a register reads as the table says");
        }
        else
        {
            const std::uint64_t offset = fuzz::offset_of(input, width);
            const auto value = input.number<std::uint64_t>() >> (64 - 8 * width);
            gpio.write(offset, width, value);
            for (const fuzz::Word& word : fuzz::words_of(offset, width, value))
                model.write(word.offset, word.value);
        }
        fuzz::require(irq.level == model.line(), "the line is (INT_STAT & ~INT_MASK) != 0");
    }
    for (std::uint64_t offset = 0; offset < 0x400; offset += 4)
        fuzz::require(gpio.read(offset, 4) == model.read(offset),
                      "every register reads as the table says");
    return 0;
}
