// SPDX-License-Identifier: Apache-2.0
// Mnemonics by table; operands by what they look like.
#include "tests/a64/parse.hpp"

#include "tests/a64/operands.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace aliasvm::a64
{

namespace
{

struct Mnemonic
{
    std::string_view name;
    Direction direction;
    unsigned registers;
    std::uint8_t bytes = 0; // 0: of the register's own size
    bool is_signed = false;
    bool exclusive = false;
    bool ordered = false; // acquire for a load, release for a store
};

constexpr auto load = Direction::load;
constexpr auto store = Direction::store;

/// Sorted by name; LD1 to ST4, PRFM and DC have functions of their own.
constexpr std::array mnemonics{
    Mnemonic{"ldar", load, 1, 0, false, false, true},
    Mnemonic{"ldarb", load, 1, 1, false, false, true},
    Mnemonic{"ldarh", load, 1, 2, false, false, true},
    Mnemonic{"ldaxp", load, 2, 0, false, true, true},
    Mnemonic{"ldaxr", load, 1, 0, false, true, true},
    Mnemonic{"ldaxrb", load, 1, 1, false, true, true},
    Mnemonic{"ldaxrh", load, 1, 2, false, true, true},
    Mnemonic{"ldnp", load, 2},
    Mnemonic{"ldp", load, 2},
    Mnemonic{"ldpsw", load, 2, 4, true},
    Mnemonic{"ldr", load, 1},
    Mnemonic{"ldrb", load, 1, 1},
    Mnemonic{"ldrh", load, 1, 2},
    Mnemonic{"ldrsb", load, 1, 1, true},
    Mnemonic{"ldrsh", load, 1, 2, true},
    Mnemonic{"ldrsw", load, 1, 4, true},
    Mnemonic{"ldtr", load, 1},
    Mnemonic{"ldtrb", load, 1, 1},
    Mnemonic{"ldtrh", load, 1, 2},
    Mnemonic{"ldtrsb", load, 1, 1, true},
    Mnemonic{"ldtrsh", load, 1, 2, true},
    Mnemonic{"ldtrsw", load, 1, 4, true},
    Mnemonic{"ldur", load, 1},
    Mnemonic{"ldurb", load, 1, 1},
    Mnemonic{"ldurh", load, 1, 2},
    Mnemonic{"ldursb", load, 1, 1, true},
    Mnemonic{"ldursh", load, 1, 2, true},
    Mnemonic{"ldursw", load, 1, 4, true},
    Mnemonic{"ldxp", load, 2, 0, false, true},
    Mnemonic{"ldxr", load, 1, 0, false, true},
    Mnemonic{"ldxrb", load, 1, 1, false, true},
    Mnemonic{"ldxrh", load, 1, 2, false, true},
    Mnemonic{"stlr", store, 1, 0, false, false, true},
    Mnemonic{"stlrb", store, 1, 1, false, false, true},
    Mnemonic{"stlrh", store, 1, 2, false, false, true},
    Mnemonic{"stlxp", store, 2, 0, false, true, true},
    Mnemonic{"stlxr", store, 1, 0, false, true, true},
    Mnemonic{"stlxrb", store, 1, 1, false, true, true},
    Mnemonic{"stlxrh", store, 1, 2, false, true, true},
    Mnemonic{"stnp", store, 2},
    Mnemonic{"stp", store, 2},
    Mnemonic{"str", store, 1},
    Mnemonic{"strb", store, 1, 1},
    Mnemonic{"strh", store, 1, 2},
    Mnemonic{"sttr", store, 1},
    Mnemonic{"sttrb", store, 1, 1},
    Mnemonic{"sttrh", store, 1, 2},
    Mnemonic{"stur", store, 1},
    Mnemonic{"sturb", store, 1, 1},
    Mnemonic{"sturh", store, 1, 2},
    Mnemonic{"stxp", store, 2, 0, false, true},
    Mnemonic{"stxr", store, 1, 0, false, true},
    Mnemonic{"stxrb", store, 1, 1, false, true},
    Mnemonic{"stxrh", store, 1, 2, false, true},
};
static_assert(std::ranges::is_sorted(mnemonics, {}, &Mnemonic::name));

Access parse_registers(const Mnemonic& mnemonic, Operands& operands)
{
    Access access;
    access.direction = mnemonic.direction;
    access.elements = static_cast<std::uint8_t>(mnemonic.registers);
    access.semantics.exclusive = mnemonic.exclusive;
    access.semantics.acquire = mnemonic.ordered && mnemonic.direction == load;
    access.semantics.release = mnemonic.ordered && mnemonic.direction == store;
    if (mnemonic.exclusive && mnemonic.direction == store)
        access.semantics.status = operands.general().name;

    const std::uint8_t size = operands.size_of_next();
    access.element_bytes = mnemonic.bytes != 0 ? mnemonic.bytes : size;
    if (operands.next_is_vector())
    {
        Scalar scalar{operands.vector(), {}};
        if (mnemonic.registers == 2)
            scalar.second = operands.vector();
        access.target = scalar;
    }
    else
    {
        General general{operands.general().name, {}, Extension::zero};
        if (mnemonic.registers == 2)
            general.second = operands.general().name;
        if (mnemonic.is_signed)
            general.extension = size == 4 ? Extension::sign_32 : Extension::sign_64;
        access.target = general;
    }
    access.place = operands.place();
    return access;
}

/// "{ v0.8b, v1.8b }, [x0], #16", "{ v0.b, v1.b }[3], [x0]".
Access parse_structure(std::string_view name, Operands& operands)
{
    const auto interleaved = static_cast<unsigned>(name[2] - '0');
    const bool to_all = name.size() == 4; // ld1r
    const VectorList list = operands.vector_list();

    Access access;
    access.direction = name.starts_with("ld") ? load : store;
    access.element_bytes = list.element_bytes;
    Structure structure{list.first, list.registers, 16, Lanes::one, 0};
    if (list.lane)
    {
        structure.lane = *list.lane;
        access.elements = list.registers;
    }
    else
    {
        structure.register_bytes = static_cast<std::uint8_t>(list.lanes * list.element_bytes);
        structure.lanes = to_all             ? Lanes::all
                          : interleaved == 1 ? Lanes::consecutive
                                             : Lanes::interleaved;
        access.elements =
            static_cast<std::uint8_t>(to_all ? list.registers : list.registers * list.lanes);
    }
    if (interleaved != 1 && interleaved != list.registers)
        throw std::runtime_error{"as many registers as its name says"};
    access.target = structure;
    access.place = operands.place();
    return access;
}

Access parse_prefetch(Operands& operands)
{
    operands.skip(); // what it is for
    Access access{Direction::none, 0, 0, NoRegister{}, {}, {}};
    access.place = operands.place();
    return access;
}

Access parse_zero_block(Operands& operands)
{
    operands.skip(); // "zva"
    const Register base = operands.general().name;
    return {store, 8, 8, NoRegister{}, {base, std::int64_t{0}, Writeback::none, 64}, {}};
}

bool is_structure(std::string_view name)
{
    return name.size() >= 3 && name[2] >= '1' && name[2] <= '4';
}

} // namespace

std::optional<Access> parse(std::string_view line)
{
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const std::string_view name = line.substr(0, line.find_first_of(" \t"));
    Operands operands{line.substr(name.size())};

    std::optional<Access> access;
    if (name == "prfm" || name == "prfum")
        access = parse_prefetch(operands);
    else if (name == "dc")
    {
        if (!operands.next_is("zva"))
            return std::nullopt;
        access = parse_zero_block(operands);
    }
    else if (!name.starts_with("ld") && !name.starts_with("st"))
        return std::nullopt;
    else if (is_structure(name))
        access = parse_structure(name, operands);
    else
    {
        const auto mnemonic = std::ranges::lower_bound(mnemonics, name, {}, &Mnemonic::name);
        if (mnemonic == mnemonics.end() || mnemonic->name != name)
            throw std::runtime_error{"a load or store that a Cortex-A53 has"};
        access = parse_registers(*mnemonic, operands);
    }
    operands.end();
    return access;
}

} // namespace aliasvm::a64
