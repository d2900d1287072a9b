// SPDX-License-Identifier: Apache-2.0
// The Cadence UART's behaviour, see UG1085 (UART controllers) and UG1087 (UART module).
#include "devices/emulated/cadence_uart.hpp"

#include "common/registers/uart.hpp"
#include "devices/emulated/word_access.hpp"

#include <algorithm>

namespace aliasvm::devices
{

using namespace registers::uart;

namespace
{

constexpr std::chrono::nanoseconds reference_clock_period{10}; // 100 MHz

/// A register that holds what is written to it, less the bits that it has not got.
struct PlainRegister
{
    std::uint64_t offset;
    std::uint32_t mask;
};

constexpr std::array plain_registers{
    PlainRegister{mr, 0x3fff},    PlainRegister{baudgen, 0xffff}, PlainRegister{rtor, 0xff},
    PlainRegister{rtrig, 0x3f},   PlainRegister{modemcr, 0x23},   PlainRegister{bauddiv, 0xff},
    PlainRegister{flowdel, 0x3f}, PlainRegister{ttrig, 0x3f},
};

constexpr const PlainRegister* find_plain(std::uint64_t offset)
{
    const auto found = std::find_if(plain_registers.begin(), plain_registers.end(),
                                    [offset](const auto& r) { return r.offset == offset; });
    return found == plain_registers.end() ? nullptr : &*found;
}

/// Of the FIFO's states, those that ISR has for their beginning alone.
constexpr std::uint32_t passings = irq_rtrig | irq_rful;

/// The FIFO states of SR, where ISR has them.
constexpr std::uint32_t as_interrupts(std::uint32_t status)
{
    std::uint32_t bits = status & (sr_rtrig | sr_rempty | sr_rful | sr_tempty | sr_tful);
    if ((status & sr_ttrig) != 0)
        bits |= irq_ttrig;
    if ((status & sr_tnful) != 0)
        bits |= irq_tnful;
    return bits;
}

} // namespace

CadenceUart::CadenceUart(IrqLine& irq, UartSink& sink, Now now) noexcept
    : irq_{irq}, sink_{sink}, now_{now}, control_{cr_as_booted}
{
    for (const Setting& setting : as_booted)
        plain_[setting.offset / word_bytes] = setting.value;
    lasting_ = as_interrupts(status());
    latched_ = lasting_;
}

std::uint64_t CadenceUart::read(std::uint64_t offset, std::uint8_t width) noexcept
{
    const std::lock_guard lock{mutex_};
    return read_words(offset, width, [this](std::uint64_t at) { return read_word(at); });
}

void CadenceUart::write(std::uint64_t offset, std::uint8_t width, std::uint64_t value) noexcept
{
    const std::lock_guard lock{mutex_};
    write_words(offset, width, value,
                [this](std::uint64_t at, std::uint32_t word) { write_word(at, word); });
}

std::size_t CadenceUart::receive(std::span<const std::byte> bytes) noexcept
{
    const std::lock_guard lock{mutex_};
    const ChannelMode mode = channel_mode();
    const std::size_t taken = listening() ? std::min(bytes.size(), rx_.room()) : bytes.size();
    if (listening() && taken != 0)
    {
        for (const std::byte value : bytes.first(taken))
            static_cast<void>(rx_.push(value));
        restart_timeout();
    }
    if (mode == ChannelMode::automatic_echo || mode == ChannelMode::remote_loopback)
        sink_.put(bytes.first(taken));
    turned_away_ = taken < bytes.size();
    told_ = deadline_; // the caller is about to ask
    settle();
    return taken;
}

std::optional<CadenceUart::Time> CadenceUart::poll_timeout() noexcept
{
    const std::lock_guard lock{mutex_};
    if (deadline_ && *deadline_ <= now_())
    {
        // Once: the counter waits for the next start bit or for CR.RSTTO.
        deadline_.reset();
        latched_ |= irq_tout;
        settle();
    }
    told_ = deadline_;
    return told_;
}

std::uint32_t CadenceUart::read_word(std::uint64_t offset) noexcept
{
    switch (offset)
    {
    case cr:
        return control_;
    case imr:
        return mask_;
    case isr:
        return interrupt_status();
    case modemsr:
        return (plain(modemcr) & modemcr_fcm) != 0 ? modemsr_fcms : 0;
    case sr:
        return status();
    case fifo:
        return read_fifo();
    default:
        return find_plain(offset) != nullptr ? plain(offset) : 0;
    }
}

void CadenceUart::write_word(std::uint64_t offset, std::uint32_t value) noexcept
{
    switch (offset)
    {
    case cr:
        write_control(value);
        break;
    case ier:
        mask_ |= value & irq_all;
        break;
    case idr:
        mask_ &= ~value;
        break;
    case isr:
        latched_ &= ~value;
        break;
    case fifo:
        write_fifo(value);
        break;
    case bauddiv:
        if ((value & 0xff) >= 4)
            plain_[bauddiv / word_bytes] = value & 0xff;
        break;
    default:
        if (const PlainRegister* reg = find_plain(offset))
            plain_[offset / word_bytes] = value & reg->mask;
        if (plain(rtor) == 0)
            deadline_.reset();
        break;
    }
    settle();
}

void CadenceUart::write_control(std::uint32_t value) noexcept
{
    if ((value & cr_rxrst) != 0)
    {
        rx_.clear();
        deadline_.reset();
    }
    if ((value & cr_txrst) != 0)
        tx_.clear();
    control_ = value & cr_lasting;
    if ((value & cr_rstto) != 0)
        restart_timeout();
}

std::uint32_t CadenceUart::read_fifo() noexcept
{
    std::uint32_t value = 0;
    for (unsigned i = 0; i < fifo_access_bytes(); ++i)
        value |= std::to_integer<std::uint32_t>(rx_.pop().value_or(std::byte{})) << (8 * i);
    settle();
    return value;
}

void CadenceUart::write_fifo(std::uint32_t value) noexcept
{
    for (unsigned i = 0; i < fifo_access_bytes(); ++i)
    {
        if (!tx_.push(static_cast<std::byte>(value >> (8 * i) & 0xff)))
            latched_ |= irq_tovr;
    }
}

std::uint32_t CadenceUart::plain(std::uint64_t offset) const noexcept
{
    return plain_[offset / word_bytes];
}

CadenceUart::ChannelMode CadenceUart::channel_mode() const noexcept
{
    return static_cast<ChannelMode>(plain(mr) >> mr_chmode_shift & 3);
}

/// MR.WSIZE. Its 0 leaves the choice to a bus signal that software sees as one byte.
unsigned CadenceUart::fifo_access_bytes() const noexcept
{
    switch (plain(mr) >> mr_wsize_shift & 3)
    {
    case 2:
        return 2;
    case 3:
        return 4;
    default:
        return 1;
    }
}

bool CadenceUart::receiving() const noexcept
{
    return (control_ & (cr_rxen | cr_rxdis)) == cr_rxen;
}

bool CadenceUart::listening() const noexcept
{
    const ChannelMode mode = channel_mode();
    return receiving() && (mode == ChannelMode::normal || mode == ChannelMode::automatic_echo);
}

bool CadenceUart::transmitting() const noexcept
{
    const bool in_break = (control_ & (cr_startbrk | cr_stopbrk)) == cr_startbrk;
    return (control_ & (cr_txen | cr_txdis)) == cr_txen && !in_break;
}

std::uint32_t CadenceUart::status() const noexcept
{
    const auto bit = [](bool set, std::uint32_t mask) { return set ? mask : 0U; };
    const std::size_t flow_level = plain(flowdel);
    return bit(plain(rtrig) != 0 && rx_.size() >= plain(rtrig), sr_rtrig) |
           bit(rx_.empty(), sr_rempty) | bit(rx_.full(), sr_rful) | //
           bit(tx_.empty(), sr_tempty) | bit(tx_.full(), sr_tful) |
           bit(flow_level >= 4 && rx_.size() >= flow_level, sr_fdelt) |
           bit(plain(ttrig) != 0 && tx_.size() >= plain(ttrig), sr_ttrig) |
           bit(tx_.room() <= 1, sr_tnful);
}

std::uint32_t CadenceUart::interrupt_status() const noexcept
{
    return latched_ | (lasting_ & ~passings);
}

void CadenceUart::restart_timeout() noexcept
{
    const std::uint64_t divider = (plain(mr) & mr_clksel) != 0 ? 8 : 1;
    const std::uint64_t bit_clocks =
        divider * std::max(plain(baudgen), 1U) * (plain(bauddiv) + std::uint64_t{1});
    const auto period = reference_clock_period * (4 * plain(rtor) * bit_clocks);
    if (plain(rtor) == 0)
        deadline_.reset();
    else
        deadline_ = now_() + std::max<std::chrono::nanoseconds>(period, shortest_timeout);
}

void CadenceUart::transmit() noexcept
{
    if (!transmitting() || tx_.empty())
        return;
    std::array<std::byte, fifo_size> sent{};
    std::size_t count = 0;
    while (const auto value = tx_.pop())
        sent[count++] = *value;
    switch (channel_mode())
    {
    case ChannelMode::normal:
        sink_.put(std::span{sent}.first(count));
        break;
    case ChannelMode::local_loopback:
        if (!receiving())
            break;
        for (const std::byte value : std::span{sent}.first(count))
        {
            if (!rx_.push(value))
                latched_ |= irq_rovr;
        }
        restart_timeout();
        break;
    case ChannelMode::automatic_echo:
    case ChannelMode::remote_loopback:
        // TxD belongs to what comes in on RxD; the transmitter shifts into nowhere.
        break;
    }
}

void CadenceUart::settle() noexcept
{
    transmit();

    const std::uint32_t now_lasting = as_interrupts(status());
    latched_ |= now_lasting & ~lasting_;
    lasting_ = now_lasting;
    const bool level = (interrupt_status() & mask_) != 0;
    if (level != level_)
    {
        level_ = level;
        irq_.set(level);
    }

    const bool room_again = turned_away_ && !(listening() && rx_.full());
    const bool due_earlier = deadline_ && (!told_ || *deadline_ < *told_);
    if (room_again || due_earlier)
    {
        turned_away_ = turned_away_ && !room_again;
        told_ = due_earlier ? deadline_ : told_; // told once
        sink_.attention();
    }
}

} // namespace aliasvm::devices
