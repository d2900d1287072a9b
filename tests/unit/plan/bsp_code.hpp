// SPDX-License-Identifier: Apache-2.0
// Start code in the manner of AMD's standalone BSP: what asks for the exception level.
#pragma once

#include <cstdint>
#include <vector>

namespace aliasvm::plan
{

using Words = std::vector<std::uint32_t>;

inline constexpr std::uint32_t mov_x0_0 = 0xd280'0000;

/// With what the two settings of the BSP leave of it.
inline Words bsp(bool el3, bool el1)
{
    Words code(31, mov_x0_0);
    code.insert(code.end(), {
                                0xd538'4240, // mrs x0, CurrentEL
                                0xf100'301f, // cmp x0, #0xc
                                0x5400'0080, // b.eq InitEL3, 4 words on
                                0xf100'101f, // cmp x0, #4
                                0x5400'0080, // b.eq InitEL1, 4 words on
                                0x1400'0005, // b error, 5 words on
                            });
    code.push_back(el3 ? 0xd51e'c001 : 0x1400'0004); // msr vbar_el3, x1, or b error
    code.push_back(0x1400'0010);                     // b _startup
    code.push_back(el1 ? 0xd518'c001 : 0x1400'0002); // msr vbar_el1, x1, or b error
    code.push_back(0x1400'0010);                     // b _startup
    code.push_back(0x1400'0000);                     // error: b error
    return code;
}

} // namespace aliasvm::plan
