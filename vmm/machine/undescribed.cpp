// SPDX-License-Identifier: Apache-2.0
// The six steps of common/a64/perform.hpp.
#include "vmm/machine/undescribed.hpp"

#include "common/a64/decode.hpp"
#include "common/a64/perform.hpp"
#include "common/a64/translate.hpp"
#include "common/base/address.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace aliasvm::machine
{

namespace
{

/// A page of the access: what is in it is at `at` onwards to the guest's program, and lies in
/// memory from `from` on.
struct Piece
{
    a64::VirtualRange at;
    GuestAddr from;
};

/// An access touches two pages at the most: it has 64 bytes.
struct Pieces
{
    Piece piece[2];
    std::size_t count{};

    [[nodiscard]] GuestAddr where(a64::VirtualAddr at) const noexcept
    {
        const Piece& of = count > 1 && piece[1].at.contains(at) ? piece[1] : piece[0];
        return of.from + (at - of.at.base);
    }
};

class Reach final : public a64::Memory
{
public:
    Reach(const Pieces& pieces, const Exited& of) noexcept : pieces_{pieces}, of_{of} {}

    [[nodiscard]] std::uint64_t read(a64::VirtualAddr at, std::uint8_t width) noexcept override
    {
        std::uint64_t value = 0;
        const GuestAddr where = pieces_.where(at);
        if (!of_.space.read(of_.index, where, width, value))
            tell_unmapped({where, width, false, 0}, of_);
        return value;
    }

    void write(a64::VirtualAddr at, std::uint8_t width, std::uint64_t value) noexcept override
    {
        const GuestAddr where = pieces_.where(at);
        if (!of_.space.write(of_.index, where, width, value))
            tell_unmapped({where, width, true, 0}, of_);
    }

private:
    const Pieces& pieces_;
    const Exited& of_;
};

/// None if the guest's MMU would not let it through, or it is not where KVM says that it is.
std::optional<Pieces> pieces_of(const a64::VirtualRange& touched, GuestAddr reported,
                                const a64::Regime& regime, const GuestSpace& space) noexcept
{
    Pieces pieces;
    bool met = false;
    for (a64::VirtualRange rest = touched; rest.size != 0;)
    {
        const std::uint64_t in_page = std::min(rest.size, page_size - rest.base.value % page_size);
        const auto from = a64::translate(regime, rest.base, space);
        if (!from || pieces.count == std::size(pieces.piece))
            return std::nullopt;
        met |= GuestRange{*from, in_page}.contains(reported);
        pieces.piece[pieces.count++] = {{rest.base, in_page}, *from};
        rest = {rest.base + in_page, rest.size - in_page};
    }
    return met ? std::optional{pieces} : std::nullopt;
}

/// An element of Device memory that is not aligned has faulted in the guest, before KVM saw it.
bool aligned(const a64::Access& access, const a64::VirtualRange& touched) noexcept
{
    return touched.base.value % access.element_bytes == 0;
}

} // namespace

std::optional<NotPerformed> perform_undescribed(const kvm::UndescribedAccess& reported,
                                                const Exited& of, Others others) noexcept
{
    const auto state = of.vcpu.state();
    if (!state || !a64::understands(state->pstate, state->regime.sctlr))
        return NotPerformed{};
    kvm::RegisterFile& registers = of.vcpu.registers();
    const a64::VirtualAddr pc{registers.general(a64::Register::pc)};
    const auto word = a64::fetch(state->regime, pc, of.space);
    if (!word)
        return NotPerformed{};
    const NotPerformed refused{false, word};

    const auto access = a64::decode(*word);
    const auto direction = reported.write ? a64::Direction::store : a64::Direction::load;
    if (!access || access->direction != direction)
        return refused;
    const a64::VirtualRange touched = a64::footprint(*access, registers);
    if (!touched.valid() || !aligned(*access, touched))
        return refused;
    const auto pieces = pieces_of(touched, reported.at, state->regime, of.space);
    if (!pieces)
        return refused;

    for (std::size_t n = 0; n < pieces->count; ++n)
    {
        const Piece& piece = pieces->piece[n];
        const Responder responder = of.space.responder(piece.from);
        if (responder == Responder::distributor && others == Others::may_run)
            return NotPerformed{true, word};
        // Where KVM says that nobody is, nobody is, whatever may come there.
        if (responder == Responder::device_slots &&
            !GuestRange{piece.from, piece.at.size}.contains(reported.at))
            return refused;
    }
    Reach reach{*pieces, of};
    a64::perform(*access, registers, reach);
    return std::nullopt;
}

} // namespace aliasvm::machine
