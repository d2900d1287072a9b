// SPDX-License-Identifier: Apache-2.0
// Which word is of which form: Arm ARM, "A64 instruction set encoding", loads and stores.
#include "common/a64/decode.hpp"

#include "common/a64/forms.hpp"
#include "common/a64/table.hpp"

#include <array>

namespace aliasvm::a64
{

namespace
{

/// DC ZVA. It has no sp: 31 is the zero register.
std::optional<Access> zero_block(std::uint32_t word) noexcept
{
    constexpr std::uint8_t block = 64; // DCZID_EL0 of a Cortex-A53
    return Access{Direction::store,
                  block / 8,
                  8,
                  NoRegister{},
                  {forms::or_zero(forms::rt(word)), std::int64_t{0}, Writeback::none, block},
                  {}};
}

using Form = std::optional<Access> (*)(std::uint32_t) noexcept;

constexpr std::array encodings{
    //           mask        value       form
    Row<Form>{0x3b000000, 0x18000000, forms::literal},
    Row<Form>{0x3b000000, 0x39000000, forms::unsigned_immediate},
    Row<Form>{0x3b200c00, 0x38000000, forms::unscaled},
    Row<Form>{0x3f200c00, 0x38000800, forms::unprivileged}, // of general registers only
    Row<Form>{0x3b200c00, 0x38000400, forms::post_indexed},
    Row<Form>{0x3b200c00, 0x38000c00, forms::pre_indexed},
    Row<Form>{0x3b204c00, 0x38204800, forms::register_offset}, // extends from 32 or 64 bits only

    Row<Form>{0x3b800000, 0x28000000, forms::pair_no_allocate},
    Row<Form>{0x3b800000, 0x28800000, forms::pair_post_indexed},
    Row<Form>{0x3b800000, 0x29000000, forms::pair},
    Row<Form>{0x3b800000, 0x29800000, forms::pair_pre_indexed},

    Row<Form>{0x3fa00000, 0x08000000, forms::exclusive},
    Row<Form>{0xbfa00000, 0x88200000, forms::exclusive_pair},
    Row<Form>{0x3fa08000, 0x08808000, forms::ordered},

    Row<Form>{0xbfbf0000, 0x0c000000, forms::structures},
    Row<Form>{0xbfa00000, 0x0c800000, forms::structures_post_indexed},
    Row<Form>{0xbf9f0000, 0x0d000000, forms::lane},
    Row<Form>{0xbf800000, 0x0d800000, forms::lane_post_indexed},

    Row<Form>{0xffffffe0, 0xd50b7420, zero_block},
};
static_assert(unambiguous(encodings));

} // namespace

std::optional<Access> decode(std::uint32_t word) noexcept
{
    const Form* form = find(encodings, word);
    return form ? (*form)(word) : std::nullopt;
}

} // namespace aliasvm::a64
