// SPDX-License-Identifier: Apache-2.0
// The emulated UART under a guest and a far end that do anything, in turns.
#include "tests/fuzz/targets/target.hpp"
#include "tests/unit/devices/uart_bench.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>

namespace aliasvm::fuzz
{
namespace
{

using namespace devices::uart;
using devices::CadenceUart;
using devices::UartBench;

constexpr std::array known{cr,      mr,      ier, idr,  imr,     isr,     baudgen, rtor, rtrig,
                           modemcr, modemsr, sr,  fifo, bauddiv, flowdel, ttrig,   rxbs};
/// Those that no write to ISR clears; it clears RTRIG and RFUL until the FIFO comes there again.
constexpr std::uint32_t states = sr_rempty | sr_tempty | sr_tful;
constexpr std::size_t most_output = 1U << 16U;

/// One act, and what the one who acts sees of it.
class Play
{
public:
    explicit Play(std::string_view input) : input_{input} {}

    void run()
    {
        while (!input_.empty())
        {
            act();
            check();
        }
    }

    /// Whatever has happened: a driver that sets it up has a UART.
    void recover()
    {
        bench_.write(cr, cr_rxrst | cr_txrst | cr_rxdis | cr_txdis | cr_stopbrk);
        bench_.write(mr, 0);
        bench_.write(idr, ~0U);
        bench_.write(isr, ~0U);
        bench_.write(cr, cr_rxen | cr_txen);
        check();
        require(!bench_.irq.level, "an UART whose interrupts are off is silent");
        bench_.sink.output.clear();
        bench_.send("sent");
        require(bench_.sink.output == "sent", "an UART that is set up sends");
        require(bench_.type("typed") == 5 && bench_.drain() == "typed",
                "an UART that is set up receives");
    }

    /// All that guest and far end saw: another one must see the same.
    std::string seen;

private:
    void note(std::uint64_t value) { seen += std::to_string(value) + ","; }

    /// Mostly where a register is, but anywhere in the window.
    std::uint64_t offset(std::uint8_t width)
    {
        const unsigned choice = input_.number<std::uint8_t>();
        if (choice < 200)
            return known.at(choice % known.size());
        return input_.number<std::uint16_t>() % (CadenceUart::window_size - width + 1);
    }

    void act()
    {
        const std::uint8_t kind = input_.number<std::uint8_t>();
        const std::uint8_t width = kind < 128 ? 4 : devices::all_widths.at(kind % 4);
        if (kind % 6 != 1)
            due_.reset();
        switch (kind % 6)
        {
        case 0:
        {
            const std::string_view text = input_.text();
            const std::size_t taken = bench_.type(text);
            require(taken <= text.size(), "no more is taken than there was");
            held_ = taken < text.size();
            require(!held_ || (bench_.read(sr) & sr_rful) != 0, "only a full FIFO takes no more");
            attentions_ = bench_.sink.attentions;
            note(taken);
            break;
        }
        case 1:
            bench_.pass(std::chrono::microseconds{input_.number<std::uint16_t>()});
            poll();
            break;
        case 2:
        case 3:
            note(bench_.device.read(offset(width), width));
            break;
        default:
        {
            const std::uint64_t at = offset(width);
            bench_.device.write(at, width,
                                width == 8 ? input_.number<std::uint64_t>()
                                           : input_.number<std::uint32_t>());
            break;
        }
        }
    }

    void poll()
    {
        const bool due = due_ && bench_.time() >= *due_;
        due_ = bench_.device.poll_timeout();
        require(!due_ || *due_ > bench_.time(), "the next look lies ahead");
        require(!due || bench_.raised(irq_tout), "a receiver that waits times out");
    }

    void check()
    {
        const std::uint32_t status = bench_.read(sr);
        const std::uint32_t interrupts = bench_.read(isr);
        const std::uint32_t mask = bench_.read(imr);
        require(bench_.irq.level == ((interrupts & mask) != 0), "the line is (ISR & IMR) != 0");
        require((mask & ~irq_all) == 0 && (interrupts & ~irq_all) == 0, "only known interrupts");
        require((status & states & ~interrupts) == 0, "a state that lasts is in ISR");
        require((status & (sr_rempty | sr_rful)) != (sr_rempty | sr_rful), "empty is not full");
        require((status & (sr_tempty | sr_tful)) != (sr_tempty | sr_tful), "sent is not full");
        require((status & sr_tful) == 0 || (status & sr_tnful) != 0, "full is nearly full");
        require(bench_.read(ier) == 0 && bench_.read(idr) == 0 && bench_.read(rxbs) == 0,
                "what is not to be read is 0");
        for (const std::uint64_t absent : {0x3cU, 0x40U, 0x4cU, 0x100U, 0xffcU})
            require(bench_.read(absent) == 0, "what is not there is 0");
        if (held_ && (status & sr_rful) == 0)
        {
            require(bench_.sink.attentions > attentions_, "who held input back hears of room");
            held_ = false;
        }
        if (bench_.sink.output.size() > most_output)
            bench_.sink.output.clear();
    }

    Input input_;
    UartBench bench_;
    bool held_{};                          ///< the far end has input that was not taken
    unsigned attentions_{};                ///< as of then
    std::optional<CadenceUart::Time> due_; ///< as long as nothing but time passes
};

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm::fuzz;
    std::string first;
    for (int round = 0; round < 2; ++round)
    {
        Play play{as_text(data, size)};
        play.run();
        play.recover();
        require(round == 0 || play.seen == first, "two UARTs do the same");
        first = play.seen;
    }
    return 0;
}
